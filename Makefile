# Commands for developers and CI. `make help` lists it.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
IS_PYTHON := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
WORKERS ?= 4
EXAMPLES ?= 5000
BIN := .venv/bin
STAMP := .venv/.made-from-lock
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --quiet $(if $(UPGRADE),--upgrade)
EXTRA := $(BIN)/python -c 'import sys, tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")'

# Tests start the command many times: without compiled modules each start compiles them again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test pages quick test-all clients fuzz check types style drift screenshots bench faults citus format lock openapi image-check reference released

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv from the hashed lock; does nothing if nothing changed

# The stamp is older than what it was made from only after a change, or when an earlier try was interrupted. A .venv without a
# working Python or pip is made again.
$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) $(IS_PYTHON) 2>/dev/null || \
		{ echo 'Tallylight needs Python 3.11 or newer; name one: make setup PYTHON=/path/to/python3.11' >&2; exit 1; }
	@{ $(BIN)/python $(IS_PYTHON) && $(BIN)/python -c 'import pip'; } 2>/dev/null || $(PYTHON) -m venv --clear .venv || \
		{ rm -rf .venv; echo 'Python cannot make .venv; on Debian and Ubuntu its package is python3-venv' >&2; exit 1; }
	@echo 'Installing the packages of requirements-dev.lock in .venv: two minutes on two idle cores, more on busy ones'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## embedded database, server, and the session of 2021-09-25 sent to it live
	$(BIN)/tallylight demo

test: setup ## run the tests (in WORKERS=4 processes; some tests only wait)
	$(BIN)/python -m pytest --ignore=tests/drift -m 'not long and not pages' -n $(WORKERS) --dist worksteal --durations 10 --durations-min 5

pages: setup ## use the dashboard click by click, in all languages and widths, as far as `make test` leaves it out (needs Chromium)
	$(BIN)/python -m pytest tests/browser -m pages -n 2 --dist loadfile

quick: setup ## run the tests that only compute; the last lines say what was left out
	$(BIN)/python -m pytest --ignore=tests/drift --quick -n logical --dist worksteal

test-all: setup ## run the tests with all cases, examples, languages, widths and default waits (many minutes)
	TALLYLIGHT_FAULTS=full $(BIN)/python -m pytest --ignore=tests/drift --timeout 900 -n $(WORKERS) --dist worksteal

clients: setup ## lint the OpenAPI document; run generated clients and the JavaScript SDK (needs node and a registry)
	$(BIN)/python -m pytest tests/clients tests/api/ingest/test_javascript_sdk.py -n $(WORKERS)

fuzz: setup ## run the property tests with EXAMPLES=5000 new examples each; a failure prints what repeats it
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -m property --timeout 0 -n $(WORKERS) --dist worksteal

faults: setup ## break the database, platforms and neighbours, at full length (minutes)
	TALLYLIGHT_FAULTS=full $(BIN)/python -m pytest tests/faults -n $(WORKERS) --dist worksteal

citus: setup ## run the tests that use a database on Citus: TALLYLIGHT_TEST_CITUS_URL names a database of a coordinator that has workers
	@test -n "$(TALLYLIGHT_TEST_CITUS_URL)" || { echo 'TALLYLIGHT_TEST_CITUS_URL names no coordinator of Citus' >&2; exit 1; }
	$(BIN)/python -m pytest --ignore=tests/drift --ignore=tests/browser --timeout 300 -m 'not long' -n $(WORKERS) --dist worksteal

# The types take most of the time, so everything else is checked beside them. Each part prints its lines together, where `make` can.
check: setup ## format, lint, types, import contracts, spelling; drift of migrations, OpenAPI and its last release, docs and locks
	@$(MAKE) --no-print-directory --keep-going --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) types style drift

types:
	$(BIN)/mypy

style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/typos

# All tests are collected too: one that cannot be imported fails here, and the processes of `make test` find all of them compiled.
drift:
	$(BIN)/python -m pytest tests/drift
	@listed=$$($(BIN)/python -m pytest --collect-only --quiet 2>&1) || { echo "$$listed" | grep -v ::; exit 1; }

screenshots: setup ## take the pictures of the documentation (needs Chromium)
	$(BIN)/python -m tests.browser.screenshots

bench: setup ## print ratios measured side by side on this machine (minutes)
	$(BIN)/python -m tests.bench

image-check: setup ## carry out the Dockerfile in a Debian root and run it read-only (needs root and debootstrap; minutes)
	$(BIN)/python -m tests.image

format: setup ## format, and apply the linter's fixes
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

lock: setup ## lock the dependencies again (UPGRADE=1: to their newest versions)
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) pyproject.toml --all-extras --group dev --constraint requirements.lock --output-file requirements-dev.lock
	for extra in charts embedded parquet tracing words; do \
		$(EXTRA) $$extra | $(LOCK) - --constraint requirements-dev.lock --no-annotate --output-file requirements/$$extra.lock || exit 1; done

openapi: setup ## write openapi/openapi.json from the app
	@mkdir -p openapi
	$(BIN)/tallylight openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

reference: openapi ## write the tables of docs that are made from the code: routes, settings, events, KPIs, problems, metrics, packages, commands
	$(BIN)/python -m tests.drift.reference

released: setup ## write openapi/released.json, which `make check` compares the API with: after a release
	$(BIN)/python -m tests.drift.openapi_changes
