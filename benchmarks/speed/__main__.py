"""Measure the speed of everything beside an alternative, and write it to benchmarks/results.json.

    python -m benchmarks.speed                      # `make bench`: all rows
    python -m benchmarks.speed --only positions     # the rows of a kind, the others are kept
    python -m benchmarks.speed --names '^locate'    # rows whose names match

Needs TUTELAGE_DATA. One thread, unless the row says otherwise. Read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.documented.pages import write_page
from benchmarks.speed import fits, growth, loads, positions, starts, steps
from benchmarks.speed.comparison import machine, measured
from benchmarks.speed.growth_picture import write_picture
from tutelage.files.atomic import atomic_file

RESULTS = Path("benchmarks/results.json")
PAGE = "docs/performance.md"
KINDS = {
    "positions": positions.comparisons,
    "fits": fits.comparisons,
    "starts": starts.comparisons,
    "loads": loads.comparisons,
    "steps": steps.comparisons,
    "growth": growth.comparisons,
}


def main() -> None:
    """Measure, and save each row as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of rows")
    parser.add_argument("--names", default="", metavar="PATTERN", help="rows whose names match")
    given = parser.parse_args()
    for kind in given.only:
        for comparison in KINDS[kind]():
            if not re.search(given.names, comparison.name):
                continue
            row = measured(comparison) | {"kind": kind}
            save(row)
            print(
                f"{row['name']}: {row['ours']} {row['unit']}, {row['ratio']} of {row['beside']}", flush=True
            )
    write_page(PAGE)
    write_picture()


def save(row: dict[str, object]) -> None:
    """Put a row in place of the earlier one of its name."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"] if RESULTS.exists() else []
    names = [other["name"] for other in rows]
    if row["name"] in names:
        rows[names.index(row["name"])] = row
    else:
        rows.append(row)
    rows.sort(key=lambda each: list(KINDS).index(each["kind"]))
    with atomic_file(RESULTS) as beside:
        beside.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
