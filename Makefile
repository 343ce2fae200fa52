# Two commands on a fresh machine: `make demo` shows what Ballast does, `make test` proves it. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
JOBS ?= 2
SEEDS ?= 2000
FIRST_SEED ?= 0
CYCLES ?= 60
KILLS ?= 1000

.DEFAULT_GOAL := help
.PHONY: help install install-test alerts demo test check pytest bench acceptance soak endurance mutants audit lock image docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/compiled.done ## create .venv from the hash-locked requirements

install-test: $(VENV)/test.done

$(BIN)/python:
	@echo "creating $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ballast needs Python 3.11 or newer; set PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.done: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what Ballast needs (hash-locked; a minute on the first run)"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

# so that no command compiles our modules anew where byte code may not be written; that would cost a third of its start
$(VENV)/compiled.done: $(VENV)/runtime.done $(shell find bot -name '*.py')
	@$(BIN)/python -m compileall -q bot
	@touch $@

alerts: $(VENV)/alerts.done ## install what sends alerts (optional)

$(VENV)/alerts.done: requirements-alerts.lock $(VENV)/runtime.done
	@echo "installing what sends alerts (hash-locked)"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-alerts.lock
	@touch $@

$(VENV)/test.done: requirements-test.lock $(VENV)/alerts.done
	@echo "installing what the tests need (hash-locked)"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-test.lock
	@touch $@

demo: install ## hedge a portfolio through a crash on a local testnet, in under a minute
	@$(BIN)/ballast demo $(ARGS)

test: check pytest ## everything that must pass

check: install-test ## lint, types, floors
	@echo "ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@echo "mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "floors"
	@$(BIN)/lint-imports --config pyproject.toml > $(VENV)/floors.txt || { cat $(VENV)/floors.txt; exit 1; }

pytest: install-test
	@echo "tests"
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

bench: install-test ## how fast, how small
	@$(BIN)/python -m bench $(ARGS)

acceptance: install-test ## every venue through every case, and the table in docs/acceptance.md
	@$(BIN)/python -m tests.acceptance --write $(ARGS)

soak: install-test ## seeds, every fault at every call, drills, real kills; SEEDS=20000 FIRST_SEED=0 CYCLES=60 KILLS=10000
	@$(BIN)/python -m tests.soak --seeds $(FIRST_SEED)-$$(($(FIRST_SEED) + $(SEEDS))) --cycles $(CYCLES) --jobs $(JOBS) \
	  --kills $(KILLS) --keep .soak/verdicts.jsonl $(ARGS)

endurance: install-test ## a day of the daemon in some minutes: does anything grow?
	@$(BIN)/python -m tests.soak.endurance $(ARGS)

mutants: install-test ## what notices each deliberate defect
	@$(BIN)/python -m tests.soak --mutants --seeds 0-40 --jobs $(JOBS) $(ARGS)

audit: $(VENV)/audit.done ## known vulnerabilities in what is locked; asks a database in the network
	@$(VENV)/audit/bin/python -m tests.supply.audit

$(VENV)/audit.done: requirements-audit.lock | $(BIN)/python
	@echo "installing what audits (hash-locked, in an environment of its own)"
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes \
	  --only-binary :all: -r requirements-audit.lock
	@touch $@

docs: install ## print docs/configuration.md and the table of docs/venues/README.md from the code
	@$(BIN)/ballast check --explain > docs/configuration.md
	@$(BIN)/python -c 'from pathlib import Path; from bot.abilities import refreshed; page = Path("docs/venues/README.md"); \
	  page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")'

lock: $(BIN)/python ## resolve the requirements anew
	@command -v uv > /dev/null || test -x $(BIN)/uv || $(PIP) install uv
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh -ec '\
	  compile="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links --upgrade"; \
	  echo "setuptools>=77" | $$compile pyproject.toml - --extra tape --output-file requirements.lock; \
	  $$compile pyproject.toml --extra tape --extra test -c requirements.lock --output-file requirements-test.lock; \
	  echo "apprise>=1.9" | $$compile - -c requirements-test.lock --output-file requirements-alerts.lock; \
	  echo "pip-audit>=2.9" | $$compile - --output-file requirements-audit.lock'
	@! grep -nE '://|^-|file:' requirements.lock requirements-test.lock requirements-alerts.lock requirements-audit.lock

image: ## build the container image
	docker build --tag ballast .

clean: ## remove what can be made again
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
