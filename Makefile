# Needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LINT_ENV := SECRET_KEY=lint DATABASE_URL=postgres://lint@localhost/lint REDIS_URL=redis://localhost:1
STAMP := $(VENV)/.installed

.PHONY: demo test lint bench faults format lock migrations clean help

help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

$(STAMP): requirements/development.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Concord needs Python 3.11 or newer; set PYTHON=python3.x")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || (rm -rf $(VENV); exit 1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/development.txt
	@touch $(STAMP)

demo: $(STAMP) ## Run everything with a sample company; Ctrl-C stops it
	@$(BIN)/python -m config.demo

test: $(STAMP) ## Run every test on services of their own
	@$(BIN)/python -m pytest

lint: $(STAMP) ## Check format, types, floors, templates and migrations
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(LINT_ENV) $(BIN)/mypy .
	@find templates -name '*.html' | xargs $(BIN)/djade --check --target-version 5.2
	@$(LINT_ENV) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run >/dev/null
	@echo "lint: nothing found"

bench: $(STAMP) ## Print figures and ratios
	@$(BIN)/python -m benchmarks

faults: $(STAMP) ## Kill, cut and restart what a sync needs, and print what was lost (long)
	@$(BIN)/python -m benchmarks.faults

format: $(STAMP) ## Bring code and templates into form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .
	@find templates -name '*.html' | xargs $(BIN)/djade --target-version 5.2

lock: $(STAMP) ## Resolve the requirements anew
	@$(BIN)/python -m uv pip compile -q pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -o requirements/runtime.txt
	@$(BIN)/python -m uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header -o requirements/development.txt

clean: ## Remove the environment and the data of the demo
	rm -rf $(VENV) .concord staticfiles
