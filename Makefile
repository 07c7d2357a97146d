# `make` alone lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CHAOS_SECONDS ?= 600
# A Postgres that the tests share has one order of transactions, which the feed waits for.
PROCESSES ?= $(if $(TEST_DATABASE_URL),1,2)
Q      ?= What does the with statement do, and what is a context manager?

.PHONY: help setup demo serve test browser lint fix chaos bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/ready: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(VENV)/ready ## make .venv from the pinned constraints

demo: setup ## one research job, from the question to the cited report; Q="…" asks your own
	@$(BIN)/dossier demo "$(Q)"

serve: setup ## the API and two jobs at a time on http://127.0.0.1:8000
	@$(BIN)/dossier serve

lint: setup ## format, lint, types, floors; the JavaScript too, if npm is there
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.page.lint

fix: setup ## what the linter can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tests.page.lint --fix

browser: setup ## Chromium, curl, npm's eventsource and axe-core for the tests, where they can be installed
	@$(BIN)/python -m tests.readers.install
	@$(BIN)/python -m tests.page.install

test: lint browser ## the lint step and every test, in PROCESSES at a time
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

chaos: setup ## break everything for CHAOS_SECONDS, again and again; ends with a table; CHAOS_SEED plays a plan again
	@$(BIN)/python -m tests.chaos --seconds $(CHAOS_SECONDS) $(if $(CHAOS_SEED),--seed $(CHAOS_SEED))

bench: setup ## measure, against yardsticks taken in the same run
	$(BIN)/python -m benchmarks

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
