"""The pages of a table: Markdown, JSON, and HTML in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_summary import Made

from tutelage.experiments.html_page import plots_of
from tutelage.experiments.pages import json_page, markdown_page, page_name, write_pages
from tutelage.experiments.paper_tables import TABLES, Request
from tutelage.experiments.summary import Summary, summarise
from tutelage.experiments.table_wording import place_title

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TEACHER = {
    "source": "dsi1", "network": "dnn", "recipe": "paper", "permuted": "True", "budget": "standard",
    "seed": "0", "source_mae_m": "5.5", "generator_mae_m": "28.0", "centroid_mae_m": "28.5",
    "angular_similarity": "0.9",
    "spread": "0.05", "diversity": "1.0", "train_seconds": "9", "commit": "abc", "cell": "0" * 16,
}  # fmt: skip


@pytest.fixture
def summary() -> Summary:
    made = Made()
    made.add("none", 0.0, network="knn")
    made.add("none", 0.5)
    made.add("untrained", 0.5)
    made.add("default", -1.0)
    made.add("collective", 0.5)
    made.add("shuffled", 0.0)
    request, here = Request(targets=("tampere", "utsindoorloc")), {"tampere", "dsi1", "ujiindoorloc"}
    return summarise("table1", request, made.cells, [TEACHER], made.errors.get, here)


def row_of(page: str, start: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(start)]
    return [each.strip() for each in line.strip("|").split("|")]


def test_markdown_shows_seeds_spread_controls_and_what_the_paper_prints(summary: Summary) -> None:
    page = markdown_page(summary)
    shown = row_of(page, "| DNN | `default`")
    values = next(g for g in summary.groups if g.cell.method == "default").values("mae_m")
    assert shown[3] == " / ".join(f"{value:.2f}" for value in values)
    assert "±" in shown[2]
    assert shown[7].startswith("**-1.5")
    assert shown[9].startswith("**-1.0")
    assert shown[10].startswith("**-1.0")
    assert shown[11] == "8.86"
    assert row_of(page, "| DNN | `none`")[11] == "11.03"
    assert row_of(page, "| k-NN |")[7:12] == ["-", "-", "-", "-", "-"]
    assert "`tutelage reproduce table1 --targets tampere,utsindoorloc`, budget standard: " in page
    assert "DNN 500" in page


def test_markdown_names_our_sources_and_the_papers(summary: Summary) -> None:
    page = markdown_page(summary)
    theirs = "Sources: UJIIndoorLoc and DSI1. The paper's are UJIIndoorLoc and UTSIndoorLoc"
    assert f"{theirs}; its figures stand beside ours all the same.\n" in page
    made = Made()
    made.add("none", 0.0)
    made.add("default", 0.0)
    here = {"tampere", "dsi1", "ujiindoorloc"}
    of_table2 = summarise("table2", Request(), made.cells, [], made.errors.get, here)
    assert f"{theirs}.\n" in markdown_page(of_table2)


def test_scans_without_a_position_and_cells_without_their_errors_are_counted() -> None:
    made = Made()
    made.add("none", 0.0)
    assert "take no part" not in markdown_page(made.summary())
    made.errors[made.cells[0][0].hash][:7] = np.nan
    made.errors.pop(made.cells[1][0].hash)
    page, drawn = markdown_page(made.summary()), plots_of(made.summary(), ("tampere", 1.0))["cdf"]["data"]
    assert "7 of 400 test scans hear no access point that the training scans know" in page
    assert "Of 1 cells the errors of single scans were not kept" in page
    (trace,) = drawn
    assert trace["y"][-1] == pytest.approx(1 - 7 / 1600, abs=1e-4)


def test_bar_that_is_cut_says_how_far_it_goes(summary: Summary) -> None:
    made = Made()
    for method, offset in (("none", 0.0), ("untrained", 0.0), ("default", 0.0), ("paper", 60.0)):
        made.add(method, offset)
    layout = plots_of(made.summary(), ("tampere", 1.0))["bars"]["layout"]
    (cut,) = layout["annotations"]
    assert cut["x"] == "DNN paper"
    assert cut["text"] == "65.7 m ↑"
    assert plots_of(summary, ("tampere", 1.0))["bars"]["layout"]["annotations"] == []


def test_shares_within_the_radius_are_shown_where_there_are_any() -> None:
    made = Made()
    made.add("none", 0.0, network="knn")
    made.add("none", 0.5, n_seeds=3)
    assert "within the 95 % radius" not in markdown_page(made.summary())
    for (_, row), share in zip(made.cells[-2:], ("0.94", "0.961"), strict=True):
        row["coverage"] = share
    page = markdown_page(made.summary())
    assert row_of(page, "| network")[-1] == "within the 95 % radius"
    assert row_of(page, "| DNN | `none`")[-1] == "95.0 %"  # of the seeds that learnt radii
    assert row_of(page, "| k-NN |")[-1] == "-"
    of_knn, of_dnn = (each["coverage"] for each in json_page(made.summary())["groups"])
    assert (of_knn, of_dnn) == (None, 0.9505)


def test_a_part_of_a_table_has_pages_of_its_own() -> None:
    def name(**asked: object) -> str:
        return page_name(summarise("table1", Request(**asked), [], [], {}.get, set()))

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
    made = Made()
    made.add("none", 0.0)
    made.add("sequential", 0.0)
    lost, row = made.cells[-1]
    made.errors[lost.hash][:] = np.nan
    row.update(dict.fromkeys(("mae_m", "median_m", "p75_m", "p95_m"), "inf"))
    summary = made.summary()
    write_pages(summary, tmp_path)
    assert row_of(markdown_page(summary), "| DNN | `sequential`")[2] == "1 diverged"
    (group,) = [group for group in json_page(summary)["groups"] if group["method"] == "sequential"]
    assert (group["n_diverged"], group["mae_m"][-1], group["mean_mae_m"]) == (1, None, None)
    assert group["against"]["own"]["n_seeds"] == 4


def test_table_of_subsets_names_the_sources_of_each_row() -> None:
    made = Made()
    made.add("none", 0.0)
    made.add("default", 0.0)
    for old, row in list(made.cells):
        if old.method == "default":
            single = replace(old, sources=("dsi1",))
            made.errors[single.hash] = made.errors[old.hash] + 1
            made.cells.append((single, {**row, "cell": single.hash}))
    summary = summarise("table3", Request(), made.cells, [], made.errors.get, {"tampere"})
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


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium, an optional system program, is not installed")
def test_a_browser_without_network_draws_every_plot(summary: Summary, tmp_path: Path) -> None:
    write_pages(summary, tmp_path)
    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
        "--disable-component-update --enable-logging=stderr --virtual-time-budget=8000 --dump-dom"
    )
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}"]
    page = (tmp_path / f"{page_name(summary)}.html").as_uri()
    command = [str(CHROMIUM), *flags.split(), *offline, page]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    drawn = re.sub(r"<script.*?</script>", "", run.stdout, flags=re.DOTALL)
    bars, differences, distributions = (
        drawn.partition(f'id="{kind}-0"')[2].partition("<h2>")[0] for kind in ("bars", "differences", "cdf")
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
    made = Made()
    made.add("none", 0.0)
    made.add("sequential", 1.7e11)
    shown = row_of(markdown_page(made.summary()), "| DNN | `sequential`")
    assert shown[2].startswith("2e+11")
    assert shown[4] == "2e+11"
    assert "+2e+11 [+2e+11, +2e+11]" in shown[6] + shown[7]


def test_target_whose_sources_are_not_here_says_so() -> None:
    made = Made()
    made.add("none", 0.0)
    alone = {"tampere"}
    summary = summarise("table1", Request(targets=("tampere",)), made.cells, [], made.errors.get, alone)
    assert summary.unsourced == ("tampere",)
    assert json_page(summary)["unsourced"] == ["tampere"]
    said = "The files of its sources `ujiindoorloc` and `dsi1` are not all here"
    assert said in markdown_page(summary)
    whole = summarise("table1", Request(), made.cells, [], made.errors.get, alone | {"ujiindoorloc", "dsi1"})
    assert "tampere" not in whole.unsourced
    assert said not in markdown_page(whole)


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
