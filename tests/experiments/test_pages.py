"""The pages of a table: Markdown, JSON, and HTML in a browser."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_summary import SimulatedResults

from tutelage.experiments.html_page import place_plots
from tutelage.experiments.pages import json_page, markdown_page, page_name, write_pages
from tutelage.experiments.paper_tables import TABLES, Request
from tutelage.experiments.summary import Summary, summarise
from tutelage.experiments.table_wording import (
    place_title,
)

TEACHER = {
    "source": "dsi1", "network": "dnn", "recipe": "paper", "permuted": "True", "budget": "standard",
    "seed": "0", "source_mae_m": "5.5", "generator_mae_m": "28.0", "centroid_mae_m": "28.5",
    "angular_similarity": "0.9",
    "spread": "0.05", "diversity": "1.0", "train_seconds": "9", "commit": "abc", "cell": "0" * 16,
}  # fmt: skip


@pytest.fixture
def summary() -> Summary:
    results = SimulatedResults()
    results.add("none", 0.0, network="knn")
    results.add("none", 0.5)
    results.add("untrained", 0.5)
    results.add("default", -1.0)
    results.add("collective", 0.5)
    results.add("shuffled", 0.0)
    request = Request(targets=("tampere", "utsindoorloc"))
    here = {"tampere", "dsi1", "ujiindoorloc"}
    return summarise("table1", request, results.cells, [TEACHER], results.errors.get, here)


def row_of(page: str, start: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(start)]
    return [each.strip() for each in line.strip("|").split("|")]


def test_markdown_shows_seeds_spread_controls_and_what_the_paper_prints(summary: Summary) -> None:
    page = markdown_page(summary)
    columns = row_of(page, "| DNN | `default`")
    values = next(g for g in summary.groups if g.cell.method == "default").values("mae_m")
    assert columns[3] == " / ".join(f"{value:.2f}" for value in values)
    assert "±" in columns[2]
    assert columns[7].startswith("**-1.5")
    assert columns[9].startswith("**-1.0")
    assert columns[10].startswith("**-1.0")
    assert columns[11] == "8.86"
    assert row_of(page, "| DNN | `none`")[11] == "11.03"
    assert row_of(page, "| k-NN |")[7:12] == ["-", "-", "-", "-", "-"]
    assert "`tutelage reproduce table1 --targets tampere,utsindoorloc`, budget standard: " in page
    assert "DNN 500" in page


def test_markdown_names_our_sources_and_the_papers(summary: Summary) -> None:
    page = markdown_page(summary)
    sentence = "Sources: UJIIndoorLoc and DSI1. The paper's are UJIIndoorLoc and UTSIndoorLoc"
    assert f"{sentence}; its figures stand beside ours all the same.\n" in page
    results = SimulatedResults()
    results.add("none", 0.0)
    results.add("default", 0.0)
    here = {"tampere", "dsi1", "ujiindoorloc"}
    summary2 = summarise("table2", Request(), results.cells, [], results.errors.get, here)
    assert f"{sentence}.\n" in markdown_page(summary2)


def test_scans_without_a_position_and_cells_without_their_errors_are_counted() -> None:
    results = SimulatedResults()
    results.add("none", 0.0)
    assert "take no part" not in markdown_page(results.summary())
    results.errors[results.cells[0][0].hash][:7] = np.nan
    results.errors.pop(results.cells[1][0].hash)
    page = markdown_page(results.summary())
    plots = place_plots(results.summary(), ("tampere", 1.0))["cdf"]["data"]
    assert "7 of 400 test scans hear no access point that the training scans know" in page
    assert "Of 1 cells the errors of single scans were not kept" in page
    (trace,) = plots
    assert trace["y"][-1] == pytest.approx(1 - 7 / 1600, abs=1e-4)


def test_bar_that_is_cut_says_how_far_it_goes(summary: Summary) -> None:
    results = SimulatedResults()
    for method, offset in (("none", 0.0), ("untrained", 0.0), ("default", 0.0), ("paper", 60.0)):
        results.add(method, offset)
    layout = place_plots(results.summary(), ("tampere", 1.0))["bars"]["layout"]
    (cut,) = layout["annotations"]
    assert cut["x"] == "DNN paper"
    assert cut["text"] == "65.7 m ↑"
    assert place_plots(summary, ("tampere", 1.0))["bars"]["layout"]["annotations"] == []


def test_shares_within_the_radius_are_shown_where_there_are_any() -> None:
    results = SimulatedResults()
    results.add("none", 0.0, network="knn")
    results.add("none", 0.5, n_seeds=3)
    assert "within the 95 % radius" not in markdown_page(results.summary())
    for (_, row), share in zip(results.cells[-2:], ("0.94", "0.961"), strict=True):
        row["coverage"] = share
    page = markdown_page(results.summary())
    assert row_of(page, "| network")[-1] == "within the 95 % radius"
    assert row_of(page, "| DNN | `none`")[-1] == "95.0 %"  # of the seeds that learnt radii
    assert row_of(page, "| k-NN |")[-1] == "-"
    knn_coverage, dnn_coverage = (each["coverage"] for each in json_page(results.summary())["groups"])
    assert (knn_coverage, dnn_coverage) == (None, 0.9505)


def test_shares_of_the_gradient_are_shown_where_there_are_any() -> None:
    results = SimulatedResults()
    results.add("none", 0.0, network="knn")
    results.add("sim", 0.5, n_seeds=3)
    results.add("default", 0.5, n_seeds=1)
    assert "of the gradient" not in markdown_page(results.summary())
    for (_, row), share in zip(results.cells[-3:-1], ("0.01", "0.03"), strict=True):
        row["share_sim"] = share
    results.cells[-1][1].update(share_sim="0.0004", share_mi="0", share_fi="0.12")
    page = markdown_page(results.summary())
    assert row_of(page, "| network")[-1] == "of the gradient"
    assert row_of(page, "| DNN | `sim`")[-1] == "J_Sim 2 %"  # of the seeds that measured it
    assert row_of(page, "| DNN | `default`")[-1] == "J_Sim 0.04 %, J_MI 0 %, J_FI 12 %"
    assert row_of(page, "| k-NN |")[-1] == "-"
    in_json = [group["gradient_shares"] for group in json_page(results.summary())["groups"]]
    assert in_json == [{}, {"J_Sim": 0.02}, {"J_Sim": 0.0004, "J_MI": 0.0, "J_FI": 0.12}]


def test_a_part_of_a_table_has_pages_of_its_own() -> None:
    no_errors: dict[str, np.ndarray] = {}

    def name(**options: Any) -> str:
        return page_name(summarise("table1", Request(**options), [], [], no_errors.get, set()))

    assert name() == name(budget="standard") == "table1"
    assert name(budget="quick", targets=("tampere", "tut6")) == "table1-quick-tampere-tut6"
    assert name(networks=("dnn",), n_seeds=2) == "table1-dnn-2-seeds"


def test_building_that_is_not_here_has_an_empty_part_that_says_so(summary: Summary) -> None:
    page = markdown_page(summary)
    _, _, part = page.partition("## UTSIndoorLoc")
    assert "Not here: the files of `utsindoorloc` were not found" in part.split("\n## ")[0]
    assert "|" not in part.split("\n## ")[0]


def test_teachers_are_shown_with_their_quality(summary: Summary) -> None:
    assert row_of(markdown_page(summary), "| dsi1 | DNN")[3:6] == ["permuted", "5.50", "28.00"]


def test_json_holds_the_same_figures(summary: Summary) -> None:
    page = json.loads(json.dumps(json_page(summary), allow_nan=False))
    assert (page["table"], page["budget"], page["missing"]) == ("table1", "standard", ["utsindoorloc"])
    (default,) = [group for group in page["groups"] if group["method"] == "default"]
    assert default["seeds"] == [0, 1, 2, 3, 4]
    assert default["sources"] == ["ujiindoorloc", "dsi1"]
    assert default["against"]["control"]["holds"] is True
    assert default["against"]["control"]["mean"] == pytest.approx(-1.5, abs=0.05)
    assert default["printed_mae_m"] == 8.86
    assert page["sentences"] == list(summary.sentences)


def test_seeds_that_diverged_are_counted_and_keep_the_pages_whole(tmp_path: Path) -> None:
    results = SimulatedResults()
    results.add("none", 0.0)
    results.add("sequential", 0.0)
    lost, row = results.cells[-1]
    results.errors[lost.hash][:] = np.nan
    row.update(dict.fromkeys(("mae_m", "median_m", "p75_m", "p95_m"), "inf"))
    summary = results.summary()
    write_pages(summary, tmp_path)
    assert row_of(markdown_page(summary), "| DNN | `sequential`")[2] == "1 diverged"
    (group,) = [group for group in json_page(summary)["groups"] if group["method"] == "sequential"]
    assert (group["n_diverged"], group["mae_m"][-1], group["mean_mae_m"]) == (1, None, None)
    assert group["against"]["own"]["n_seeds"] == 4


def test_table_of_subsets_names_the_sources_of_each_row() -> None:
    results = SimulatedResults()
    results.add("none", 0.0)
    results.add("default", 0.0)
    for old, row in list(results.cells):
        if old.method == "default":
            single = replace(old, sources=("dsi1",))
            results.errors[single.hash] = results.errors[old.hash] + 1
            results.cells.append((single, {**row, "cell": single.hash}))
    summary = summarise("table3", Request(), results.cells, [], results.errors.get, {"tampere"})
    page = markdown_page(summary)
    assert row_of(page, "| DNN | `default` | dsi1 |")[8].startswith("**+1.0")
    assert row_of(page, "| DNN | `default` | ujiindoorloc + dsi1 |")[2] == "ujiindoorloc + dsi1"


def test_pages_are_written_whole_beside_each_other(summary: Summary, tmp_path: Path) -> None:
    write_pages(summary, tmp_path)
    name = "table1-tampere-utsindoorloc"
    written = [f"{name}.{suffix}" for suffix in ("html", "json", "md")]
    assert sorted(path.name for path in tmp_path.iterdir()) == written
    assert (tmp_path / f"{name}.md").read_text(encoding="utf-8") == markdown_page(summary)
    page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
    assert "<b>-1." in page
    assert "src=" not in page.split("<script>")[0]


@pytest.mark.slow
@pytest.mark.browser
def test_a_browser_without_network_draws_every_plot(summary: Summary, tmp_path: Path, chromium: str) -> None:
    write_pages(summary, tmp_path)
    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
        "--disable-component-update --enable-logging=stderr --virtual-time-budget=8000 --dump-dom"
    )
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}"]
    page = (tmp_path / f"{page_name(summary)}.html").as_uri()
    command = [chromium, *flags.split(), *offline, page]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    plots = re.sub(r"<script.*?</script>", "", run.stdout, flags=re.DOTALL)
    bars, differences, distributions = (
        plots.partition(f'id="{kind}-0"')[2].partition("<h2>")[0] for kind in ("bars", "differences", "cdf")
    )
    n_groups = len(summary.groups)
    assert bars.count('<g class="point">') >= n_groups
    assert len(re.findall(r'class="errorbar', differences)) >= 3
    assert (
        distributions.count('<g class="lines"><path class="js-line"') == 3
    )  # k-NN, none and default; the others on a click
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert not [line for line in console if re.search("Refused|Uncaught|violates", line)]


def test_answers_that_ran_away_are_shown_by_their_order_of_magnitude() -> None:
    results = SimulatedResults()
    results.add("none", 0.0)
    results.add("sequential", 1.7e11)
    columns = row_of(markdown_page(results.summary()), "| DNN | `sequential`")
    assert columns[2].startswith("2e+11")
    assert columns[4] == "2e+11"
    assert "+2e+11 [+2e+11, +2e+11]" in columns[6] + columns[7]


def test_target_whose_sources_are_not_here_says_so() -> None:
    results = SimulatedResults()
    results.add("none", 0.0)
    alone = {"tampere"}
    summary = summarise("table1", Request(targets=("tampere",)), results.cells, [], results.errors.get, alone)
    assert summary.unsourced == ("tampere",)
    assert json_page(summary)["unsourced"] == ["tampere"]
    words = "The files of its sources `ujiindoorloc` and `dsi1` are not all here"
    assert words in markdown_page(summary)
    whole = summarise(
        "table1", Request(), results.cells, [], results.errors.get, alone | {"ujiindoorloc", "dsi1"}
    )
    assert "tampere" not in whole.unsourced
    assert words not in markdown_page(whole)


@pytest.mark.parametrize(
    ("table", "fraction", "title"),
    [
        ("accuracy", 1.0, "UJIIndoorLoc"),
        ("small_maps", 0.1, "UJIIndoorLoc, 10% of the training scans"),
        ("small_surveys", 0.1, "UJIIndoorLoc, 10% of the reference points"),
    ],
)
def test_a_place_is_named_by_what_its_share_is_of(table: str, fraction: float, title: str) -> None:
    assert place_title(("ujiindoorloc", fraction), TABLES[table]) == title
