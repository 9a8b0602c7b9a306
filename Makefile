# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or later with venv.
PYTHON ?= python3
VENV ?= .venv
FAIRSEQ ?= .fairseq
BIN := $(VENV)/bin
OPTIONS := --quiet --disable-pip-version-check --constraint constraints.txt
INSTALL := $(BIN)/pip install $(OPTIONS) --editable

.PHONY: demo test test-fairseq lint bench clean

demo: $(VENV)/.explain
	$(BIN)/mmexplain demo

test: lint
	$(BIN)/python -m pytest

test-fairseq: $(FAIRSEQ)/.installed
	$(FAIRSEQ)/bin/python -c 'import fairseq'
	$(FAIRSEQ)/bin/python -m pytest tests/fairseq

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
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

clean:
	rm -rf $(VENV) $(FAIRSEQ) demo-out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
