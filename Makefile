# Requires only Python 3.11 or newer and make: PostgreSQL and Temporal come as Python packages into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPILE := uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
SOURCES := activities application audit bench bootstrap.py chaos cli deployment dispatcher embedded eventstore explore gateways inventory open_work order_streams orders orders_client process.py projections scripts settings telemetry temporal.py tests web webhooks worker.py workflows

# Hundreds of processes start in a run of the tests: each compiles all code again where Python may not keep it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo dev chaos explore bench test test-deployment check format histories golden asyncapi client schema lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Run the whole system on 830 sample orders and show the results (ARGS=--exit to exit then)
	@$(BIN)/orders demo $(ARGS)

dev: $(INSTALLED) ## Run the whole system with data kept in .orders/
	@$(BIN)/orders dev $(ARGS)

chaos: $(INSTALLED) ## Inject faults one after another while orders are placed, then audit the books (ARGS="--seconds 600 --seed 1", "--providers")
	@$(BIN)/python -m chaos $(ARGS)

explore: $(INSTALLED) ## Play generated orders against faults and interventions, print failing sequences (ARGS="--sequences 10000 --seed 1", "--table")
	@$(BIN)/python -m explore $(ARGS)

bench: $(VENV)/.bench ## Compare with alternatives, write bench/results.json (ARGS="orders append --rounds 1 --scale 0.1")
	@$(BIN)/python -m bench $(ARGS)

# A process more than cores, each with servers of its own and a file at a time, the longest first: tests often wait.
test: $(INSTALLED) ## Run all tests, on a real PostgreSQL and a real Temporal server
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-deployment: $(INSTALLED) ## Run docker-compose.yml's services as processes through restarts, kills, a restore, an upgrade (ARGS="--from COMMIT")
	@$(BIN)/python -m deployment $(ARGS)

check: $(INSTALLED) ## Lint, formatting, types, import rules, file sizes, wording, determinism of workflows, licences, consistent dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.file_sizes
	@$(BIN)/python -m tests.words
	@$(BIN)/python -m tests.determinism
	@$(BIN)/python -m tests.reach
	@$(BIN)/python -m tests.licences
	@$(BIN)/python -m pip check

format: $(INSTALLED) ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

histories: $(INSTALLED) ## Record the workflow histories of the replay tests
	@RECORD_HISTORIES=1 $(BIN)/pytest tests/replay

golden: $(INSTALLED) ## Record the outputs of the golden test
	@RECORD_GOLDEN=1 $(BIN)/pytest -n 0 tests/integration/test_golden_output.py

asyncapi: $(INSTALLED) ## Write docs/asyncapi.json, the messages of webhooks
	@$(BIN)/python -m webhooks.asyncapi > docs/asyncapi.json

client: $(INSTALLED) ## Write the types of orders_client from the description of the HTTP API
	@$(BIN)/python -m tests.client_documents

schema: $(INSTALLED) ## Write schema.sql from the migrations
	@$(BIN)/python -m embedded.schema > schema.sql

lock: $(INSTALLED) ## Pin all dependencies of production, tests and benchmark (needs uv)
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
