# `make demo` and `make test` set up all they need below .venv; nothing else on the machine is touched.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN = $(VENV)/bin
TESTS ?= tests
WORKERS ?= auto
DEMO = VAR_DIR=var/demo DATABASE_URL= EMAIL_URL= MAIL_PROVIDER= REDIS_URL= DEBUG=true \
	POSTAL_ADDRESS="$${POSTAL_ADDRESS:-Paper Round (a demonstration), 1 Sample Street, 10115 Berlin, Germany}"

.PHONY: demo test test-services test-browser replay run shots bench bench-send chaos embeddings lint format lock clean

# Runtime packages only: enough for demo and run.
$(VENV)/.runtime: requirements.lock
	@test -n "$(PYTHON)" || { echo "Paper Round needs Python 3.11 or newer; none was found. Install one, or call make PYTHON=/path/to/python3."; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) (a minute, once) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# What runs a sentence model (EMBEDDINGS_MODEL); nothing else needs it.
embeddings: $(VENV)/.runtime requirements-embeddings.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-embeddings.lock

demo: $(VENV)/.runtime
	@$(DEMO) $(BIN)/python manage.py demo

run: $(VENV)/.runtime
	@if [ -e var/demo/paper-round.sqlite3 ] && [ ! -e .env ]; then $(DEMO) $(BIN)/python manage.py run; else $(BIN)/python manage.py run; fi

# The default suite: no server, no browser, no network.
test: $(VENV)/.development
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not browser and not services and not replay" $(TESTS)

# The same tests and those that need servers; DATABASE_URL and REDIS_URL say where they are.
test-services: $(VENV)/.development
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not browser and not replay" $(TESTS)

test-browser: $(VENV)/.development
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m browser $(TESTS)

# Pictures of every letter, and of the main pages in every language, below var/shots.
shots: $(VENV)/.development
	@SHOTS=yes $(BIN)/python -m pytest -m browser tests/journeys/test_letters.py tests/journeys/test_languages.py

# Fifteen weeks of mornings on the real lists, which lie beside the project or not at all.
replay: $(VENV)/.development
	@$(BIN)/python -m pytest -s -m replay $(TESTS)

bench: $(VENV)/.development
	@$(BIN)/python -m benchmarks

bench-send: $(VENV)/.development
	@$(BIN)/python -m benchmarks.send

# Everything breaks while an edition is sent: CHAOS="--short", "--database postgres --seed 3".
chaos: $(VENV)/.development
	@$(BIN)/python -m benchmarks.chaos $(CHAOS)

# Needs labelled data; RELEVANCE says where it lies.
RELEVANCE ?= ../shared/data/relevance
bench-relevance: $(VENV)/.development
	@$(BIN)/python -m benchmarks.relevance --data $(RELEVANCE)

lint: $(VENV)/.development
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.development
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Pins for every Python from 3.11 on; the files name no host.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra embeddings -c requirements.lock pyproject.toml -o requirements-embeddings.lock

clean:
	rm -rf $(VENV) var staticfiles
