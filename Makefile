# Two commands: `make run` starts everything, `make test` runs every check.
PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 4566
STATE ?= var
BIN = .venv/bin
WITHIN = requirements.lock requirements-test.lock pyproject.toml sample_app/package-lock.json

.PHONY: run test bench load check-course clean

run: .venv/installed
	@$(BIN)/workshop run --port $(PORT) --sandbox-port $(SANDBOX_PORT) --state $(STATE)

test: .venv/installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q -n 2 --dist worksteal

bench: .venv/installed-test
	@$(BIN)/python -m tests.bench

load: .venv/installed-test
	@$(BIN)/python -m tests.load

check-course: .venv/installed
	@$(BIN)/workshop check-course

.venv/installed: $(WITHIN)
	@$(PYTHON) workshop/install.py
	@touch $@

.venv/installed-test: $(WITHIN)
	@$(PYTHON) workshop/install.py test
	@touch .venv/installed $@

clean:
	rm -rf .venv var
