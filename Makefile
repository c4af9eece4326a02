# hibi: `make run` makes the report of the shipped sample, `make test` runs the tests. Needs python3.11+ with venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STORE ?= store
SAMPLE = --settings data/sample/hibi.toml --store $(STORE)

.PHONY: run test check bench clean lock help

help:            ## show the targets
	@grep -E '^[a-z]+: .*##' Makefile | sed 's/:.*##/:/'

run: .venv/ready ## set up, train two models, and make the report of the sample
	$(BIN)/hibi run $(SAMPLE) --no-report
	test -f $(STORE)/models/topic/served.json || { \
	  $(BIN)/hibi label import data/sample/labels.csv --who generator $(SAMPLE) && \
	  $(BIN)/hibi retrain mood $(SAMPLE) && $(BIN)/hibi retrain topic $(SAMPLE); }
	$(BIN)/hibi run $(SAMPLE)

test: .venv/ready-dev ## run the tests
	$(BIN)/python -m pytest -n auto

check: .venv/ready-dev ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready-dev ## measure beside a plain script (see benchmarks/README.md)
	$(BIN)/python benchmarks/day.py

lock: .venv/uv   ## resolve the dependencies anew
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
	  --extra build --extra cpu pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
	  --extra build --extra cpu --extra dev pyproject.toml -o requirements-dev.lock

clean:           ## remove the environment and the store of the sample
	rm -rf .venv $(STORE)

.venv/uv: requirements-uv.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/ready: .venv/uv requirements.lock pyproject.toml
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q pipeline
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@
