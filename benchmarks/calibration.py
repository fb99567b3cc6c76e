"""docs/calibration.md's tables: how often radii hold the truth on test scans, and how that ages.

    python -m benchmarks.calibration [--networks knn,scorer,tutor]

Finished rows of results/calibration.csv are kept.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tutelage import Localizer, evaluate, load
from tutelage.files import replaced_file

RESULTS, PAGE = Path("results/calibration.csv"), Path("docs/calibration.md")
SETS = ("ujiindoorloc", "tampere", "tut1", "tut5", "tut6", "tut7", "dsi1")
LIBRARY, MONTHS = "uji_library:1", (1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 25)
LEVELS = (0.5, 0.8, 0.95)
FROM, TO = "<!-- from results/calibration.csv -->", "<!-- end -->"
COLUMNS = (
    *("survey", "scans", "network", "level", "points", "n", "mae_m", "coverage", "radius_m"),
    *("n_refused", "false_refusals", "fit_seconds"),
)


def rows_of(survey: str, network: str) -> Iterable[dict[str, Any]]:
    """One fit, asked about its own test scans, or the library's about those of later months."""
    learnt = load(survey)
    model = Localizer(network, device="cpu").fit(learnt)
    known = model.calibration_
    assert known is not None
    asked = [f"uji_library:{month}" for month in MONTHS] if survey == LIBRARY else [survey]
    for scans in asked:
        on = load(scans)
        for level in LEVELS if scans == survey else LEVELS[-1:]:
            figures = evaluate(model, on, level=level, source_too=True).figures()
            yield {
                "survey": survey,
                "scans": scans,
                "network": network,
                "level": level,
                "points": known.n_points,
                **{name: figures[name] for name in ("n", "mae_m", "coverage", "radius_m", "n_refused")},
                "false_refusals": known.false_refusals,
                "fit_seconds": model.lineage_["fit_seconds"],
            }


def table(rows: list[dict[str, str]]) -> list[str]:
    """The rows as Markdown; a survey's levels side by side."""
    head = "| survey | scans | network | held-out points | mean error (m) | coverage at 50 / 80 / 95 % | "
    head += "median radius at 95 % (m) | refused (at most) |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["survey"], row["scans"], row["network"]), []).append(row)
    for (survey, scans, network), found in groups.items():
        last, shares = found[-1], [f"{float(row['coverage']):.1%}" for row in found]
        shares = ["-"] * (len(LEVELS) - len(shares)) + shares
        refused = f"{int(last['n_refused']) / int(last['n']):.1%} ({float(last['false_refusals']):.1%})"
        cells = [survey, scans, network, last["points"], f"{float(last['mae_m']):.2f}", " / ".join(shares)]
        lines.append("| " + " | ".join([*cells, f"{float(last['radius_m']):.1f}", refused]) + " |")
    return lines


def main() -> None:
    """Run what is not finished, then write the table into the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="knn")
    networks = parser.parse_args().networks.split(",")
    rows = list(csv.DictReader(RESULTS.open())) if RESULTS.exists() else []
    for network in networks:
        for survey in (*SETS, LIBRARY):
            if any((row["survey"], row["network"]) == (survey, network) for row in rows):
                continue
            began = time.monotonic()
            rows += [{name: str(value) for name, value in row.items()} for row in rows_of(survey, network)]
            with replaced_file(RESULTS) as beside, beside.open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            print(f"{survey} {network}: {time.monotonic() - began:.0f} s", flush=True)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(FROM)[0], text.split(TO)[1]
    with replaced_file(PAGE) as beside:
        beside.write_text("\n".join([before + FROM, "", *table(rows), "", TO + after]), encoding="utf-8")


if __name__ == "__main__":
    main()
