# Needs Python 3.11 or newer and make, nothing else: PostgreSQL and Temporal come as Python packages into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPILE := uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
SOURCES := activities application audit bench bootstrap.py chaos cli deployment dispatcher embedded eventstore explore gateways inventory order_streams orders process.py projections scripts settings.py telemetry temporal.py tests web webhooks worker.py workflows

# Hundreds of processes start in a run of the tests: each compiles all code again where Python may not keep it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo dev chaos explore bench test test-deployment check format histories golden asyncapi schema lock clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Start everything, take 830 real orders through it, show how they ended (ARGS=--exit to leave then)
	@$(BIN)/orders demo $(ARGS)

dev: $(INSTALLED) ## Start everything with data that is kept in .orders/
	@$(BIN)/orders dev $(ARGS)

chaos: $(INSTALLED) ## Break one thing after another while orders flow, then prove the books (ARGS="--seconds 600 --seed 1")
	@$(BIN)/python -m chaos $(ARGS)

explore: $(INSTALLED) ## Play generated orders against faults and interventions, print what fails (ARGS="--sequences 10000 --seed 1")
	@$(BIN)/python -m explore $(ARGS)

bench: $(VENV)/.bench ## Measure side by side with others, write bench/results.json (ARGS="orders append --rounds 1 --scale 0.1")
	@$(BIN)/python -m bench $(ARGS)

# Two files at a time, each process with servers of its own: most of the time of a test is waiting.
test: $(INSTALLED) ## Run all tests, on a real PostgreSQL and a real Temporal server
	@$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

test-deployment: $(INSTALLED) ## Run docker-compose.yml's services as processes through restarts, kills, a restore, an upgrade (ARGS="--from COMMIT")
	@$(BIN)/python -m deployment $(ARGS)

check: $(INSTALLED) ## Lint, formatting, types, import rules, file sizes, workflows that replay, licences, dependencies that fit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.file_sizes
	@$(BIN)/python -m tests.determinism
	@$(BIN)/python -m tests.reach
	@$(BIN)/python -m tests.licences
	@$(BIN)/python -m pip check

format: $(INSTALLED) ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

histories: $(INSTALLED) ## Record the workflow histories that the replay test keeps
	@RECORD_HISTORIES=1 $(BIN)/pytest tests/replay

golden: $(INSTALLED) ## Record the output of every --json command and GET that the golden test keeps
	@RECORD_GOLDEN=1 $(BIN)/pytest -n 0 tests/integration/test_golden_output.py

asyncapi: $(INSTALLED) ## Write docs/asyncapi.json, what receivers of webhooks can expect
	@$(BIN)/python -m webhooks.asyncapi > docs/asyncapi.json

schema: $(INSTALLED) ## Write schema.sql from the migrations
	@$(BIN)/python -m embedded.schema > schema.sql

lock: $(INSTALLED) ## Pin all dependencies anew: what runs, what tests, what is compared (needs uv)
	$(COMPILE) --extra stripe --extra easypost --group build pyproject.toml -o requirements.lock
	$(COMPILE) --constraint requirements.lock --extra stripe --extra easypost --extra embedded --group dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock --group bench pyproject.toml -o bench/requirements.lock

$(VENV)/.bench: $(INSTALLED) bench/requirements.lock
	@echo "Installing what is compared to …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.lock
	@touch $@

clean: ## Remove the virtual environment and the data of `make dev`
	rm -rf $(VENV) .orders

# pip checks every file's hash; the project itself is installed by the pinned build backend, without a download.
$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12 …")'
	@echo "Installing into $(VENV) …" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
