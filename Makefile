# Everything below needs Python 3.11 or newer and nothing else; `make demo` installs the rest.
PYTHON ?= python3
VENV ?= .venv
# Extra arguments for installing torch, such as --index-url for another build than PyPI's.
TORCH_ARGS ?=
# Public benchmark rows and model outputs, with their official scores.
BENCHDATA ?= $(or $(RLSD_BENCHDATA),../shared/benchdata)
# Postgres' client and the checkers of deploy/, beside what VENV has.
DEPLOY_VENV ?= .venv-deploy
# Where `make topology` finds who may enter, and where people find it.
USERS ?= deploy/secrets/users
PORT ?= 3000
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.installed-dev
DEPLOYMENT := $(DEPLOY_VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo reproduction test conformance ui topology test-deploy check clean

help:
	@echo "make demo    train GRPO and RLSD on easy-VQA, evaluate both, print the table"
	@echo "make reproduction    all methods, eight seeds; an hour on two cores, resumable"
	@echo "make ui      the Dagster UI on http://127.0.0.1:3000"
	@echo "make topology    the deployment's parts as processes, behind a password (deploy/README.md)"
	@echo "make test-deploy    the same, killed part by part; needs postgresql, nginx-light, gettext-base"
	@echo "make test    all tests that need no optional part"
	@echo "make conformance    the benchmarks' own scores, recomputed from BENCHDATA, as a table"
	@echo "make check   ruff, mypy, the import contract, the Dagster definitions"
	@echo "make clean   remove what runs left behind in .rlsd"

demo: $(RUNTIME)
	$(BIN)/rlsd demo

reproduction: $(RUNTIME)
	$(BIN)/rlsd train reproduction
	$(BIN)/rlsd report reproduction

ui: $(RUNTIME)
	$(BIN)/rlsd ui

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest -q

conformance: $(DEVELOPMENT)
	RLSD_BENCHDATA=$(BENCHDATA) $(BIN)/python -m pytest -q -rs tests/conformance

topology: $(DEPLOYMENT)
	$(DEPLOY_VENV)/bin/python -m deploy.processes --users $(USERS) --port $(PORT)

test-deploy: $(DEPLOYMENT)
	$(DEPLOY_VENV)/bin/python -m pytest -q -s -rs tests/deploy

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

# It sees the packages of VENV, torch among them, and adds its own: pip holds both to their pins.
$(DEPLOYMENT): $(DEVELOPMENT)
	$(PYTHON) -m venv $(DEPLOY_VENV)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> "$$($(DEPLOY_VENV)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/runtime.pth"
	$(DEPLOY_VENV)/bin/python -m pip install --quiet -e ".[ui,dev,deploy,deploy-checks]"
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(BIN)/python -m pip install --quiet -e ".[ui,dev]"
	@touch $@
