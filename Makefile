# Everything a newcomer types. Needs Python 3.11 or later and make, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/ready
DEV := .venv/ready-dev
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

.PHONY: help setup dev demo test test-all fix check docs fuzz torture bench clean

help:
	@echo "make setup     install into .venv (done once; demo calls it)"
	@echo "make dev       and what the tests and checks need besides (done once; they call it)"
	@echo "make demo      train a labeler on the built-in corpus, show its scores, write runs/demo/report.html"
	@echo "make test      the tests: offline, CPU; some 9 minutes on two slow cores"
	@echo "make test-all  the slow tests too (real data and models where they are at hand)"
	@echo "make check     style, types, import contract, house rules, generated pages"
	@echo "make fix       format and mend what a machine can mend"
	@echo "make docs      write the pages that are generated, and build all of them into build/site"
	@echo "make fuzz      200,000 generated and mutated files through every reader"
	@echo "make torture   50 kills at random points of training; every resume must end bit-identical"
	@echo "make bench     the benchmarks, side by side with other libraries (needs the extra [bench])"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and was not found: install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing torch and the rest into .venv, once: some minutes"
	$(INSTALL) "torch==2.13.0"
	$(INSTALL) -e .
	@touch $(READY)

dev: $(DEV)

$(DEV): $(READY)
	$(INSTALL) -e ".[dev]"
	@touch $(DEV)

# One thread: for so small a model more only wait for each other.
demo: setup
	OMP_NUM_THREADS=1 $(BIN)/tagwright train recipes/synthetic/tiny-encoder-tagger-full.toml --out runs/demo --overwrite
	@echo "Next: . $(BIN)/activate, then tagwright predict runs/demo --text '...' or tagwright init your-file.csv"

# Two processes of one thread each; the tests of a file stay together, so that they share what they make.
test: dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: dev
	$(BIN)/python -m pytest -m "not gpu and not network"

fix: dev
	$(BIN)/ruff format src tests benchmarks recipes
	$(BIN)/ruff check --fix src tests benchmarks recipes

check: dev
	$(BIN)/ruff format --check src tests benchmarks recipes
	$(BIN)/ruff check src tests benchmarks recipes
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make_cli.py --check
	$(BIN)/python docs/make_compatibility.py --check
	$(BIN)/mkdocs build --strict --quiet
	@echo "Open build/site/index.html"

docs: dev
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_compatibility.py
	$(BIN)/mkdocs build --strict --quiet

fuzz: dev
	$(BIN)/python benchmarks/fuzz.py

torture: dev
	$(BIN)/python benchmarks/torture.py

bench: dev
	$(INSTALL) -e ".[bench]"
	$(BIN)/python benchmarks/imports.py
	$(BIN)/python benchmarks/parity.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/predict.py

clean:
	rm -rf .venv runs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
