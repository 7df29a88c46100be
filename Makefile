# Two commands: `make run` starts everything, `make test` runs every check.
PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 4566
STATE ?= var
BIN = .venv/bin

.PHONY: run test bench check-course clean

run: .venv/ready
	@$(BIN)/workshop run --port $(PORT) --sandbox-port $(SANDBOX_PORT) --state $(STATE)

test: .venv/ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q -n auto --dist loadgroup

bench: .venv/ready
	@$(BIN)/python -m tests.bench

check-course: .venv/ready
	@$(BIN)/workshop check-course

.venv/ready: requirements.lock pyproject.toml sample_app/package-lock.json
	@sh ./install.sh $(PYTHON)
	@touch $@

clean:
	rm -rf .venv var
