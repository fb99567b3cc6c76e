# make demo: environment, installation, the main job on simulated buildings.
# make test: environment, installation, the quick tests. make test-all: every check there is (CONTRIBUTING.md).
PYTHON ?= python3.11
VENV   ?= .venv
# The oldest versions: make test VENV=.venv-oldest CONSTRAINTS=constraints-oldest.txt
CONSTRAINTS ?= constraints.txt
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# One process for each core; the tests of a file stay together, since they share what they fit.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --durations 10

# The tests start the command line again and again: each start would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all slow exhaustive lint lint-tests coverage docs package accuracy figures bench clean

demo: $(READY)
	$(BIN)/tutelage demo --out demo

test: $(READY)
	$(PYTEST) -m "not slow and not gpu"

test-all: test lint lint-tests slow exhaustive

# Some files of slow tests take minutes: a process without work takes tests from the other.
slow: $(READY)
	$(PYTEST) --dist worksteal -m "slow and not exhaustive and not gpu"

# What .ci/run has no time for.
exhaustive: $(READY)
	$(PYTEST) --dist worksteal -m "exhaustive and not gpu"

# Types of the tests: minutes, so apart. Folders of tests have modules of the same name, such as conftest: mypy reads one folder at a time.
TEST_FOLDERS = $(sort $(patsubst %/,%,$(dir $(wildcard tests/*.py tests/*/*.py tests/*/*/*.py))))

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

lint-tests: $(READY)
	for folder in $(TEST_FOLDERS); do MYPYPATH=src:.:docs/hooks:tests:$$(dirname $$folder):$$folder $(BIN)/mypy --allow-untyped-calls --follow-imports=silent $$folder/*.py || exit 1; done

# Lines and branches, of every test.
coverage: $(READY)
	$(PYTEST) -m "not gpu" --cov --cov-report term:skip-covered --cov-report json:coverage.json

# The site, on this machine, built anew at each change.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve

# Wheel and source archive in dist/, and the runtime's tests beside the installed wheel alone.
package: $(READY)
	$(BIN)/python -m benchmarks.package

NETWORKS_ALONE = --budget standard --networks dnn,cnnloc,bayescnn,baat --methods none

# This takes hours. It can be stopped at any time, as finished cells in results/ are kept.
accuracy: $(READY)
	$(BIN)/tutelage reproduce accuracy
	$(BIN)/tutelage reproduce small_maps
	$(BIN)/tutelage reproduce small_maps $(NETWORKS_ALONE)
	$(BIN)/tutelage reproduce small_surveys
	$(BIN)/tutelage reproduce small_surveys $(NETWORKS_ALONE)
	$(BIN)/python -m benchmarks.accuracy
	$(BIN)/python -m benchmarks.documented

# Measurements in research/calibration.md, surveying.md, export.md and drift.md. The first three keep finished rows:
# delete results/calibration.csv, learning_curves.csv or eight_bits.csv to measure again.
figures: $(READY)
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.refusal
	$(BIN)/python -m benchmarks.learning_curves
	$(BIN)/python -m benchmarks.eight_bits
	$(BIN)/python -m benchmarks.drift
	$(BIN)/python -m benchmarks.labels
	$(BIN)/python -m benchmarks.documented

# Speed beside alternatives: benchmarks/results.json and docs/performance.md. --only KIND measures a part.
bench: $(READY)
	$(BIN)/python -m benchmarks.speed

# The constraints file pins what pyproject.toml gives in ranges.
$(READY): pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo
