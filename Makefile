# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or later with venv.
PYTHON ?= python3
VENV ?= .venv
FAIRSEQ ?= .fairseq
TRITON ?= .triton
# Processes that test.
JOBS ?= 2
BIN := $(VENV)/bin
OPTIONS := --quiet --disable-pip-version-check --constraint constraints.txt
INSTALL := $(BIN)/pip install $(OPTIONS) --editable

# Where the tests find the model server.
export MMEXPLAIN_TRITON ?= $(abspath $(TRITON))

.PHONY: demo demo-triton triton browser test test-fairseq lint bench clean

demo: $(VENV)/.explain
	$(BIN)/mmexplain demo

# The server's URL is what it prints first; without one, reading fails.
demo-triton: $(VENV)/.explain triton
	rm -f $(TRITON)/url && mkfifo $(TRITON)/url
	$(BIN)/mmexplain serve mmexplain/demo/model --environment $(TRITON) --port 0 --http-port off --metrics-port off \
	    >$(TRITON)/url & \
	trap "kill $$! 2>/dev/null; wait $$!" EXIT; \
	read url <$(TRITON)/url && $(BIN)/mmexplain demo --backend "$$url"

triton: $(TRITON)/.installed

test: lint triton browser
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

# The page of a report is tested in a real browser.
browser:
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -yqq --no-install-recommends chromium; } || \
	    { echo 'install chromium, for example by: sudo apt-get install chromium'; exit 1; }

test-fairseq: $(FAIRSEQ)/.installed
	$(FAIRSEQ)/bin/python -c 'import fairseq'
	$(FAIRSEQ)/bin/python -m pytest tests/fairseq

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev triton
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.exact_truth
	$(BIN)/python -m bench.versus_shap
	$(BIN)/python -m bench.accuracy
	$(BIN)/python -m bench.calibration
	$(BIN)/python -m bench.part_of_grid
	$(BIN)/python -m bench.frames
	$(BIN)/python -m bench.estimation
	$(BIN)/python -m bench.faithfulness
	$(BIN)/python -m bench.published
	$(BIN)/python -m bench.scheduler
	$(BIN)/python -m bench.decoding
	$(BIN)/python -m bench.hostile
	$(BIN)/python -m bench.manifest
	$(BIN)/python -m bench.plan
	$(BIN)/python -m bench.page
	$(BIN)/python -m bench.bounded
	$(BIN)/python -m bench.survival --moments 3
	$(BIN)/python -m bench.serving --environment $(TRITON)
	$(BIN)/python -m bench.gpu --device cpu

# Explaining needs no torch: the demo's environment has none.
$(VENV)/.explain: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[dev]'
	touch $@ $(VENV)/.explain

# fairseq is built, for some minutes, in an environment of its own: it brings a torchaudio that fits no PyTorch
# without CUDA, and that transformers would import. Nothing here needs it.
$(FAIRSEQ)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(FAIRSEQ)
	$(FAIRSEQ)/bin/pip install $(OPTIONS) --editable '.[train,fairseq]' pytest
	$(FAIRSEQ)/bin/pip uninstall --quiet --yes torchaudio
	touch $@

# The model server, which runs Python with a numpy of its own.
$(TRITON)/.installed: triton_models/constraints.txt
	$(PYTHON) -m venv $(TRITON)
	$(TRITON)/bin/pip install --quiet --disable-pip-version-check --constraint triton_models/constraints.txt \
	    nvidia-pytriton onnxruntime-gpu
	touch $@

clean:
	rm -rf $(VENV) $(FAIRSEQ) $(TRITON) demo-out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
