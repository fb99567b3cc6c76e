"""Every figure of the pages that comes from results/ is the one that the committed results give."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from benchmarks.documented.page_blocks import block_lines, stale_blocks
from benchmarks.documented.pages import PAGES

from tutelage.data.sets.public_sets import public_datasets
from tutelage.networks import network_names

ROOT = Path(__file__).parents[1]
TARGETS = {"ujiindoorloc": "UJIIndoorLoc", "tampere": "Tampere", "tut6": "TUT6"}
NETWORKS = {
    "knn": "k-NN",
    "dnn": "DNN",
    "cnnloc": "CNNLoc",
    "bayescnn": "BayesCNN",
    "baat": "bAaT",
    "matcher": "matcher",
    "blend": "blend",
}


def committed_rows(table: str) -> list[dict[str, str]]:
    """Return the rows of a file in results/."""
    with (ROOT / "results" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def grouped_errors(rows: Iterable[dict[str, str]], *columns: str) -> dict[tuple[str, ...], list[float]]:
    """Return the mean errors of seeds by the values of columns."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in columns), []).append(float(row["mae_m"]))
    return groups


# -- blocks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_generated_blocks_are_current(page: str) -> None:
    assert stale_blocks(ROOT, page, PAGES[page]) == [], "run: python -m benchmarks.documented"


def test_every_page_with_a_block_is_listed() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "research").glob("*.md")]
    with_blocks = {page for page in pages if "<!-- from results/" in page.read_text(encoding="utf-8")}
    assert with_blocks <= {ROOT / page for page in PAGES}


@pytest.mark.parametrize("table", ["table1", "table4", "accuracy", "small_maps", "small_surveys"])
def test_gains_are_those_that_the_page_of_the_experiment_tells(table: str) -> None:
    page = (ROOT / "research" / "results.md").read_text(encoding="utf-8")
    told = json.loads((ROOT / "results" / f"{table}.json").read_text(encoding="utf-8"))["sentences"]
    figures = {gain_figures(sentence) for sentence in told}
    shown = [gain_figures(line) for line in block_lines(page)[f"results/{table}.json"][2:]]
    assert shown
    assert {*shown} <= figures


def gain_figures(text: str) -> tuple[str, ...]:
    """Return mean, least and most gain of a row or sentence, and how many places are better and worse."""
    gains = re.findall(r"[-+]\d+\.\d\d", text.replace("-0.00", "+0.00"))
    counts = re.findall(r"(\d+) of \d+ \|", text) or re.findall(r"(\d+) significantly", text)
    return (*gains, *counts)


# -- research/accuracy.md, which benchmarks.accuracy writes as a whole --------------------------------------


def accuracy_cells(section: str, target: str) -> list[list[str]]:
    """Return the cells of the tables of a section of the accuracy page about a building."""
    page = (ROOT / "research" / "accuracy.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    part = part.partition(f"\n### {TARGETS[target]}\n")[2].partition("\n### ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("target", TARGETS)
def test_accuracy_page_shows_every_method_on_whole_surveys(target: str) -> None:
    own = [row for row in committed_rows("accuracy") if row["target"] == target and row["network"] != "knn"]
    surrogate = ("none", "default", "untrained", "none_paper", "paper", "untrained_paper")
    table1 = [
        row
        for row in committed_rows("table1")
        if row["target"] == target and row["network"] != "knn" and row["method"] in surrogate
        if row["budget"] != "paper"  # the verdict shows the paper's length
    ]
    committed = grouped_errors([*own, *table1], "network", "method", "budget")
    shown = {tuple(cells[:3]): cells[3:5] for cells in accuracy_cells("Whole surveys", target)}
    assert len(committed) >= 11
    for (network, method, budget), errors in committed.items():
        error, n_seeds = shown[NETWORKS[network], f"`{method}`", budget]
        assert error.split(" ")[0] == f"{mean(errors):.2f}"
        assert n_seeds == str(len(errors))


@pytest.mark.parametrize(
    ("table", "section", "target"),
    [
        *(("small_maps", "Small radio maps", target) for target in TARGETS),
        ("small_surveys", "Small surveys", "ujiindoorloc"),
    ],
)
def test_accuracy_page_shows_every_method_on_small_surveys(table: str, section: str, target: str) -> None:
    own = [row for row in committed_rows(table) if row["target"] == target and row["network"] != "knn"]
    # Table 4 has the DNN at this length too, with more draws.
    own = [row for row in own if (row["network"], row["budget"]) != ("dnn", "standard")]
    shares = sorted({float(row["train_fraction"]) for row in own})
    committed = grouped_errors(own, "network", "method", "budget", "train_fraction")
    shown = {tuple(cells[:3]): cells[3:] for cells in accuracy_cells(section, target)}
    assert len(committed) >= 10 * len(shares)
    for (network, method, budget, share), errors in committed.items():
        cell = shown[NETWORKS[network], f"`{method}`", budget][shares.index(float(share))]
        assert cell == f"{mean(errors):.2f} ± {stdev(errors):.2f} ({len(errors)})"


# -- what the committed rows must say ----------------------------------------------------------------------


def test_surveys_of_one_building_are_those_of_the_registry() -> None:
    building = {name: entry.building for name, entry in public_datasets().items()}
    rows = committed_rows("buildings")
    assert all(building[row["first"]] == building[row["other"]] for row in rows)
    compared = {name for row in rows for name in (row["first"], row["other"])}
    assert compared == {name for name in building if [*building.values()].count(building[name]) > 1}


def test_calibration_has_every_seed_of_each_model() -> None:
    seeds: dict[tuple[str, ...], list[int]] = {}
    for row in committed_rows("calibration"):
        key = tuple(row.get(name, "") for name in ("survey", "scans", "network", "gone", "level"))
        seeds.setdefault(key, []).append(int(row["seed"]))
    assert all(sorted(each) == list(range(len(each))) for each in seeds.values())


def test_accelerators_are_compared_by_the_ratio_of_seconds() -> None:
    for row in committed_rows("devices"):
        seconds: list[Any] = [float(row[name]) for name in ("cpu_seconds", "accelerator_seconds")]
        assert float(row["ratio"]) == pytest.approx(seconds[0] / seconds[1], abs=0.051)


@pytest.mark.parametrize("name", network_names())
def test_networks_page_has_the_parts_the_source_and_the_costs_of_each_network(name: str) -> None:
    page = (ROOT / "research" / "networks.md").read_text(encoding="utf-8")
    assert len(re.findall(rf"^\| `{name}` \|.*\|$", page, flags=re.MULTILINE)) == 3
