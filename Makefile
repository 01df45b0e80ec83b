# goodtaste (好味).  `make help` says what there is.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --require-hashes
SELF := $(BIN)/pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev pages run test test-long lint fmt types contracts check bench prices web-test web-walk minis crash walk walk-tables docs pictures lock wheel reset clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than 3.11. Install Python 3.11 or newer, or write: make PYTHON=python3.11 run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python cannot make a virtual environment here. On Debian: sudo apt install python3-venv"; exit 1; }
	@echo "Making .venv; this takes a minute the first time."
	@$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python requirements.lock pyproject.toml
	@$(PIP) --requirement requirements.lock
	@$(SELF)
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@$(PIP) --requirement requirements-dev.lock
	@touch $@

setup: .venv/.run ## make .venv with what running needs
setup-dev: .venv/.dev ## make .venv with what developing needs

pages: setup ## build the screens whose sources changed; takes Node 20.19, or fetches one
	@$(BIN)/python -m tools.web

run: setup ## build the screens once, and serve the demo brand at http://127.0.0.1:8000
	@$(BIN)/python -m tools.web --try
	@GOODTASTE_LOG_FORMAT=pretty GOODTASTE_LOG_LEVEL=warning $(BIN)/goodtaste serve --demo

test: setup-dev ## run the tests, but for those that take seconds each
	@$(BIN)/python -m pytest -n auto -m "not long" $(ARGS)

test-long: setup-dev ## run the tests that take seconds each: processes that are killed, clocks that run
	@$(BIN)/python -m pytest -n auto -m long $(ARGS)

lint: setup-dev ## look for faults of style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

fmt: setup-dev ## lay the code out
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: setup-dev ## check the types
	@$(BIN)/mypy

contracts: setup-dev ## check who may import whom
	@$(BIN)/python tools/contracts.py

check: lint types contracts test test-long ## all of the above

bench: setup-dev ## measure, and write bench/results.json
	@$(BIN)/python -m bench

prices: setup-dev ## price 100,000 random carts against brute force, and return 20,000 orders in parts
	@GOODTASTE_CARTS=100000 GOODTASTE_EXAMPLES=20000 $(BIN)/python -m pytest --timeout 1800 tests/test_pricing_search.py tests/test_pricing_refunds.py

web-test: setup ## check types, tests and sizes of the screens; needs Node 20.19, or fetches one
	@$(BIN)/python -m tools.web test

web-walk: setup-dev pages ## walk through the screens in Chromium, on a house that runs; ARGS chooses walks
	@$(BIN)/python -m tools.web types
	@$(BIN)/python -m pytest -p no:cacheprovider $(or $(ARGS),web/e2e)

minis: setup ## build the mini-programs of WeChat, Alipay and Douyin, and hold their sizes
	@$(BIN)/python -m tools.minis

bench-web: setup-dev pages ## measure the diner's first screen on a slow phone and a till's reload; on a quiet machine
	@$(BIN)/python -m bench.first_screen

crash: setup-dev ## kill the server and the database under load, and prove the books
	@$(BIN)/python -m bench.crash $(ARGS)

walk: setup-dev ## walk 200,000 random steps through the ledger on each engine, and prove it
	@GOODTASTE_WALK_STEPS=$${GOODTASTE_WALK_STEPS:-200000} $(BIN)/python -m pytest tests/test_ledger_walk.py -n 2 -s --timeout 0 $(ARGS)

walk-tables: setup-dev ## walk long random evenings of tables, bills and payments on each engine, held against the books after each step
	@GOODTASTE_FLOOR_STEPS=$${GOODTASTE_FLOOR_STEPS:-2000} $(BIN)/python -m pytest tests/test_floor_walk.py -n 2 -s --timeout 0 $(ARGS)

.PHONY: audit
audit: setup-dev ## try 1,000 random mutations of the audit log on each engine, of which every one must be found
	@GOODTASTE_TEST_MUTATIONS=$${GOODTASTE_TEST_MUTATIONS:-1000} $(BIN)/python -m pytest --timeout 900 tests/test_audit_chain.py

docs: setup-dev ## write the reference pages anew
	@$(BIN)/python -m tools.docs

pictures: setup-dev ## draw the pictures of docs/printing.md anew; needs a font with Chinese characters
	@$(BIN)/python -m tools.printing

lock: ## compile the locked requirements anew; needs uv
	@$(COMPILE) --extra build --output-file requirements.lock
	@$(COMPILE) --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	@$(COMPILE) --extra build --extra web --constraint requirements.lock --output-file requirements-web.lock

wheel: setup-dev pages ## build the wheel into dist/
	@$(BIN)/hatchling build --target wheel

reset: setup ## delete the demo's data
	@$(BIN)/goodtaste reset --yes

clean: ## delete .venv and what was built; data stays
	@rm -rf .venv dist build src/goodtaste/_web web/*/node_modules web/shared/*/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
