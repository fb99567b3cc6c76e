"""Measure what eight bits save and what they cost on test scans, for a table of research/export.md.

    python -m benchmarks.eight_bits [--networks dnn,cnnloc] [--surveys tut5]

Each network learns for a quarter of its default length. Finished rows of results/eight_bits.csv are kept,
also the older ones without radii. Remove a row to measure it again.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import Localizer, load
from tutelage.export import export_model
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.training import Budget, RunOptions

RESULTS = Path("results/eight_bits.csv")
PAGE = "research/export.md"
NETWORKS = ("dnn", "cnnloc", "bayescnn", "baat")
SETS = ("tampere", "tut5", "dsi1")
SHARE = 0.25
SIZES = ("float32_bytes", "int8_bytes")
COSTS = ("float32_mae_m", "int8_mae_m", "mean_shift_m", "max_shift_m")
COVERAGES = ("float32_coverage", "int8_coverage")
DIFFERENCES = ("max_difference", "max_difference_m")
COLUMNS = ("survey", "network", "updates", "seed", *SIZES, *COSTS, *COVERAGES, *DIFFERENCES)


def measure_row(survey: str, network: str) -> dict[str, Any]:
    """Export one network of one survey in eight bits."""
    scans = load(survey)
    spec = network_spec(network)
    updates = round(SHARE * distilling_recipe("default", {}, spec).updates)
    run = RunOptions(device="cpu", budget=Budget(updates=updates))
    model = Localizer(network, run=run).fit(scans)
    with tempfile.TemporaryDirectory() as folder:
        card = export_model(model, Path(folder) / "model.zip", scans=scans, int8=True)
    figures = {**card["verified"], **card["int8"], **card["int8"]["cost"]}
    columns = {name: figures[name] for name in (*SIZES, *COSTS, *COVERAGES, *DIFFERENCES)}
    return {"survey": survey, "network": network, "updates": updates, "seed": 0, **columns}


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--surveys", default=",".join(SETS))
    arguments = parser.parse_args()
    rows = read_rows(RESULTS)
    finished = {(row["survey"], row["network"]) for row in rows}
    for network in arguments.networks.split(","):
        for survey in arguments.surveys.split(","):
            if (survey, network) in finished:
                continue
            rows.append({name: str(value) for name, value in measure_row(survey, network).items()})
            print(rows[-1], flush=True)
            write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
