# hibi: `make run` makes the report of the shipped sample, `make test` runs the tests. Needs Python 3.11 to 3.13
# with venv: TensorFlow has no wheels for a later one.
PYTHON ?= $(shell for one in 3.11 3.12 3.13 3; do command -v python$$one && break; done)
BIN := .venv/bin
STORE = store
SECONDS = 60
RESOLVE = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11
# Tests write and sync thousands of small files: in memory where there is room, a third faster.
ROOMY := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }')" -gt 4000000 ] 2>/dev/null && echo TMPDIR=/dev/shm)
SAMPLE = --settings data/sample/hibi.toml --store $(STORE)

.PHONY: run test check faults bench audit airflow test-airflow fuzz clean lock help

help:            ## show the targets
	@grep -E '^[a-z-]+: .*##' Makefile | sed 's/:.*##/:/'

run: .venv/ready ## set up, train two models, and make the report of the sample
	$(BIN)/hibi run $(SAMPLE) --no-report
	test -f $(STORE)/models/topic/served.json || { \
	  $(BIN)/hibi label import data/sample/labels.csv --who generator $(SAMPLE) && \
	  $(BIN)/hibi retrain mood $(SAMPLE) && $(BIN)/hibi retrain topic $(SAMPLE); }
	$(BIN)/hibi run $(SAMPLE)

test: .venv/ready-dev ## run the tests
	$(ROOMY) $(BIN)/python -m pytest -n auto --dist worksteal

check: .venv/ready-dev ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

faults: .venv/ready-dev ## break it in every way that tests/FAULTS.md names
	$(ROOMY) $(BIN)/python -m pytest -n auto --dist worksteal $$(grep -oE 'tests/[a-z0-9_/]+_test\.py::[a-z0-9_]+' tests/FAULTS.md | sort -u)

bench: .venv/ready-dev ## measure beside a plain script (see benchmarks/README.md)
	$(BIN)/python benchmarks/day.py

lock: .venv/uv   ## resolve the dependencies anew
	$(RESOLVE) --extra build --extra cpu pyproject.toml -o requirements.lock
	$(RESOLVE) --extra build --extra cpu --extra dev pyproject.toml -o requirements-dev.lock
	$(RESOLVE) --group airflow -o requirements-airflow.lock
	$(RESOLVE) --group audit -o requirements-audit.lock
	$(RESOLVE) --group fuzz -o requirements-fuzz.lock

audit: .venv-audit/ready ## look for known holes in the dependencies, and for unsafe code
	.venv-audit/bin/bandit -q -r pipeline dags -c pyproject.toml
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock -r requirements-airflow.lock

airflow: .venv-airflow/ready ## set up Airflow for dags/, in an environment of its own

test-airflow: .venv/ready .venv-airflow/ready ## run the tests of dags/
	$(ROOMY) .venv-airflow/bin/python -m pytest tests/airflow

fuzz: .venv/ready-fuzz ## look for bytes that crash a reader, SECONDS=60 in all; what is found is kept in tests/fuzz/crashes
	$(BIN)/python tests/fuzz/readers.py --seconds $(SECONDS)

clean:           ## remove the environments and the store of the sample
	rm -rf .venv .venv-airflow .venv-audit $(STORE)

.venv/uv: requirements-uv.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/ready: .venv/uv requirements.lock pyproject.toml
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q pipeline
	@touch $@

.venv-audit/ready: .venv/uv requirements-audit.lock
	$(PYTHON) -m venv --without-pip .venv-audit
	$(BIN)/uv pip install -q --compile-bytecode --python .venv-audit/bin/python --require-hashes -r requirements-audit.lock
	@touch $@

.venv-airflow/ready: .venv/uv requirements-airflow.lock
	$(PYTHON) -m venv --without-pip .venv-airflow
	$(BIN)/uv pip install -q --compile-bytecode --python .venv-airflow/bin/python --require-hashes -r requirements-airflow.lock
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.venv/ready-fuzz: .venv/ready requirements-fuzz.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-fuzz.lock
	@touch $@
