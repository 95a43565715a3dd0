# Everything that people and CI do here, from a bare machine with Python 3.11-3.13 (with venv), make and git.
# `make demo` and `make test` set up what they need; PYTHON=/path/to/python picks the interpreter.

VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n 2

FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
FOUND = $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c '$(FITS)' 2>/dev/null && { command -v $$p; break; }; done)
PYTHON ?= $(or $(FOUND),$(error no Python 3.11, 3.12 or 3.13 with the module venv was found; install one or set PYTHON))

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint format check-docs docs examples bench wheel check-wheel soak clean

help:                   ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1 \t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(VENV)/.installed  ## the virtual environment with the program and the tools of its developers

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	@touch $@

demo: setup             ## a project from the example in build/demo, run twice: the second run has nothing to do
	@rm -rf build/demo && mkdir -p build
	$(BIN)/mlops init build/demo --example breast-cancer
	$(BIN)/mlops run -C build/demo
	$(BIN)/mlops run -C build/demo
	@echo "The project is in build/demo; its README.md has things to try. The program is $(BIN)/mlops."

test: setup             ## the tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Every step runs even if one before it failed, and the tests come last, so that their closing line stays in sight.
check: setup            ## what CI runs: lint, docs, examples, wheel, tests
	@failed=; for step in lint check-docs examples check-wheel test; do \
		echo "== make $$step"; $(MAKE) --no-print-directory $$step || failed="$$failed $$step"; \
	done; if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

lint: setup             ## style, types, and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup           ## rewrite files in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup             ## write docs/reference/ from the schemas and from the program's own help
	$(BIN)/python docs/generate.py

check-docs: setup       ## docs/reference/ is what `make docs` would write
	$(BIN)/python docs/generate.py --check

examples: setup         ## every example and the annotated specs, each in a fresh copy, run twice
	@rm -rf build/examples && mkdir -p build/examples
	@set -e; for name in $(notdir $(wildcard examples/*)); do echo "-- $$name"; \
		$(BIN)/mlops init build/examples/$$name --example $$name; \
		$(BIN)/mlops run -C build/examples/$$name; $(BIN)/mlops run -C build/examples/$$name; done
	@echo "-- specs"; cp -R specs build/examples/specs
	$(BIN)/mlops run -C build/examples/specs pipeline.yaml
	$(BIN)/mlops run -C build/examples/specs pipeline.yaml

bench: setup            ## measure against the peers, one virtual environment each; writes docs/benchmarks.md
	$(BIN)/python bench/run.py $(BENCH_ARGS)
	$(BIN)/python bench/report.py

# The wheel is made from the source archive, so nothing that git ignores can slip in.
wheel: setup            ## dist/: the source archive, and the wheel made from it
	@rm -rf dist
	$(BIN)/python -m build --outdir dist

check-wheel: wheel      ## the wheel alone, in a clean virtual environment, makes, checks and runs an example
	@rm -rf build/wheel && mkdir -p build/wheel
	$(BIN)/python -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd build/wheel && venv/bin/mlops init demo --example iris-minimal
	cd build/wheel/demo && ../venv/bin/mlops lint specs/*.yaml && ../venv/bin/mlops run

soak: setup             ## the crash tests with their full counts; takes a while
	MLOPS_SOAK_ROUNDS=100 $(BIN)/python -m pytest -n 0 tests/crash

clean:                  ## remove what was built; the virtual environment stays
	rm -rf build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
