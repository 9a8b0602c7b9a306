# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or later with venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: demo test lint bench clean

demo: $(VENV)/.explain
	$(BIN)/mmexplain demo

test: lint
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.exact_truth
	$(BIN)/python -m bench.versus_shap
	$(BIN)/python -m bench.faithfulness

# Explaining needs no torch: the demo's environment has none.
$(VENV)/.explain: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[dev]'
	touch $@ $(VENV)/.explain

clean:
	rm -rf $(VENV) demo-out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
