# make demo: environment, installation, the main job on simulated buildings.
# make test: environment, installation, every check.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint unit accuracy figures bench clean

demo: $(READY)
	$(BIN)/tutelage demo --out demo

test: lint unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

NETWORKS_ALONE = --budget standard --networks dnn,cnnloc,bayescnn,baat --methods none

# Hours: finished cells in results/ are kept, and it can be stopped at any time.
accuracy: $(READY)
	$(BIN)/tutelage reproduce accuracy
	$(BIN)/tutelage reproduce small_maps
	$(BIN)/tutelage reproduce small_maps $(NETWORKS_ALONE)
	$(BIN)/tutelage reproduce small_surveys
	$(BIN)/tutelage reproduce small_surveys $(NETWORKS_ALONE)
	$(BIN)/python -m benchmarks.accuracy

# What docs/calibration.md, surveying.md, export.md and drift.md say was measured. Finished rows of the first three are
# kept: delete results/calibration.csv, learning_curves.csv or eight_bits.csv to measure anew.
figures: $(READY)
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.refusal
	$(BIN)/python -m benchmarks.learning_curves
	$(BIN)/python -m benchmarks.eight_bits
	$(BIN)/python -m benchmarks.drift

bench: $(READY)
	$(BIN)/python -m benchmarks.loading
	$(BIN)/python -m benchmarks.sparse
	$(BIN)/python -m benchmarks.labels
	$(BIN)/python -m benchmarks.matcher

# The constraints file pins what pyproject.toml gives in ranges.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo
