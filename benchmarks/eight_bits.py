"""docs/export.md's table: what eight bits save, and what they cost on test scans.

    python -m benchmarks.eight_bits [--networks dnn,cnnloc] [--surveys tut5]

Each network learns for a quarter of its default length. Finished rows of results/eight_bits.csv are kept,
those from before radii were looked at too: remove one to have it made anew.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import Localizer, load
from tutelage.export import export_model
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.training import Budget

RESULTS, PAGE = Path("results/eight_bits.csv"), Path("docs/export.md")
NETWORKS, SETS, SHARE = ("dnn", "cnnloc", "bayescnn", "baat"), ("tampere", "tut5", "dsi1"), 0.25
SIZES = ("float32_bytes", "int8_bytes")
COSTS = ("float32_mae_m", "int8_mae_m", "mean_shift_m", "max_shift_m")
HELD = ("float32_coverage", "int8_coverage")
VERIFIED = ("max_difference", "max_difference_m")
COLUMNS = ("survey", "network", "updates", "seed", *SIZES, *COSTS, *HELD, *VERIFIED)


def row_of(survey: str, network: str) -> dict[str, Any]:
    """One network of one survey, exported in eight bits."""
    scans, spec = load(survey), network_spec(network)
    updates = round(SHARE * distilling_recipe("default", {}, spec).updates)
    model = Localizer(network, budget=Budget(updates=updates), device="cpu").fit(scans)
    with tempfile.TemporaryDirectory() as folder:
        card = export_model(model, Path(folder) / "model.zip", scans=scans, int8=True)
    figures = {**card["verified"], **card["int8"], **card["int8"]["cost"]}
    known = {name: figures[name] for name in (*SIZES, *COSTS, *HELD, *VERIFIED)}
    return {"survey": survey, "network": network, "updates": updates, "seed": 0, **known}


def table(rows: list[dict[str, str]]) -> Iterable[str]:
    """The rows as Markdown."""
    yield (
        "| survey | network | float32, MB | int8, MB | mean error, float32, m | int8, m "
        "| positions move, mean, m | at most, m | within the 95 % radius, float32 | int8 "
        "| float32 from PyTorch, standardised | m |"
    )
    yield "|" + "---|" * 12
    for row in rows:
        cells = [row["survey"], f"`{row['network']}`", *(f"{int(row[name]) / 1e6:.2f}" for name in SIZES)]
        cells += [f"{float(row[name]):.2f}" for name in COSTS]
        cells += [f"{float(row[name]):.1%}" if row.get(name) else "-" for name in HELD]
        cells += [f"{float(row[name]):.1e}" for name in VERIFIED]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Make the rows that are missing, then the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--surveys", default=",".join(SETS))
    given = parser.parse_args()
    rows = kept_rows(RESULTS)
    known = {(row["survey"], row["network"]) for row in rows}
    for network in given.networks.split(","):
        for survey in given.surveys.split(","):
            if (survey, network) in known:
                continue
            rows.append({name: str(value) for name, value in row_of(survey, network).items()})
            print(rows[-1], flush=True)
            keep_rows(RESULTS, COLUMNS, rows)
    put_into_page(PAGE, RESULTS, table(rows))


if __name__ == "__main__":
    main()
