from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.evaluation import Evaluation, evaluate_positions, write_report
from tutelage.runtime.positions import Positions

HOSTILE = '</script><img src="http://example.org/x.png">&"'


class Page(HTMLParser):
    """What a browser would build: elements with their attributes, and the text of each kind of element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        self._inside = tag

    def handle_endtag(self, _tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data

    @property
    def figures_script(self) -> str:
        (script,) = [s for s in self.texts["script"] if s.startswith("{")]
        return script

    @property
    def figures(self) -> Any:
        return json.loads(self.figures_script)


@pytest.fixture
def evaluate(
    make_truth: Callable[..., FingerprintSet], make_answers: Callable[..., Positions]
) -> Callable[..., Evaluation]:
    """A model off by 0, 1, 2 ... metres on scans over two floors; the last one got no position."""

    def make(
        n: int, *, name: str = "", floor: Any = None, offset_m: float = 1.0, prefix: str = "scan"
    ) -> Evaluation:
        ids = [f"{prefix}{i}" for i in range(n)]
        at = np.column_stack([np.arange(n) % 17, np.arange(n) // 17]).astype(float)
        given = at + np.column_stack([np.arange(n) * offset_m, np.zeros(n)])
        given[-1] = np.nan
        floor = np.where(np.arange(n) < n // 2, "0", "1") if floor is None else floor
        truth = make_truth(ids, at, floor=floor)
        return evaluate_positions(make_answers(ids, given, floor=np.full(n, "0")), truth, name=name)

    return make


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., Page]:
    def write(*evaluations: Any, **words: Any) -> Page:
        path = tmp_path / "report.html"
        write_report(evaluations, path, **{"title": "Report", **words})
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_summary_shows_the_figures_of_every_model(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    page = page_of(evaluate(5, name="k-NN"), evaluate(5, name="student", offset_m=2), data_set="Office")

    assert "Office · 5 scans" in page.texts["p"]
    assert page.texts["td"][:8] == ["5", "1.50", "1.50", "2.25", "2.85", "1.50", "50.0%", "–"]
    assert page.texts["td"][8:14] == ["17.25", "3.50", "–", "–", "1", "–"]
    assert page.texts["td"][14:16] == ["5", "3.00"]
    assert {"k-NN", "student"} <= set(page.texts["summary"])


def test_models_without_a_name_are_numbered(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    assert page_of(evaluate(3), evaluate(3)).texts["summary"] == ["model 1", "model 2"]


def test_worst_scans_come_first_and_stop_at_twenty(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    page = page_of(evaluate(30))
    worst = [text for text in page.texts["th"] if text.startswith("scan")]

    assert worst == [f"scan{i}" for i in range(28, 8, -1)]
    row = page.texts["td"][14:21]
    assert row == ["28.00", "11.00, 1.00", "39.00, 1.00", "1", "0", "29", "28"]


def test_cdf_has_one_line_a_model_that_ends_at_one(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    lines = page_of(evaluate(6, name="a"), evaluate(6, name="b")).figures["cdf"]["data"]

    assert [line["name"] for line in lines] == ["a", "b"]
    assert lines[0]["x"] == [0, 0, 1, 2, 3, 4]
    assert lines[0]["y"] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert lines[0]["line"]["color"] != lines[1]["line"]["color"]


def test_map_shows_every_scan_once_on_its_floor(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    page = page_of(evaluate(9, floor=["10", "2", "2", "", "-1", "B", "2", "10", "10"]))
    floors = page.figures["map"]["floors"]

    assert page.texts["option"] == ["floor -1", "floor 2", "floor 10", "floor B", "floor unknown"]
    seen = [[point[0] for trace in traces for point in trace["customdata"]] for traces in floors]
    assert seen == [["scan4"], ["scan1", "scan2", "scan6"], ["scan0", "scan7", "scan8"], ["scan5"], ["scan3"]]
    located, silent = floors[2]
    assert located["marker"]["color"] == [0, 7]
    assert silent["customdata"] == [["scan8", "nothing known was heard"]]


def test_map_panels_share_scale_zoom_and_aspect(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    figure = page_of(evaluate(40), evaluate(40, offset_m=3)).figures["map"]
    layout = figure["layout"]

    assert {t["marker"]["coloraxis"] for floor in figure["floors"] for t in floor[::2]} == {"coloraxis"}
    assert layout["coloraxis"]["cmax"] == pytest.approx(
        np.percentile(np.outer([1, 3], np.arange(39)), 95), abs=0.01
    )
    assert layout["yaxis1"]["scaleanchor"] == "x"
    assert (layout["xaxis2"]["matches"], layout["yaxis2"]["matches"]) == ("x", "y")


@pytest.mark.parametrize(("n", "kind"), [(1000, "scatter"), (1001, "scattergl")])
def test_maps_of_more_than_2000_points_use_webgl(
    page_of: Callable[..., Page],
    make_truth: Callable[..., FingerprintSet],
    make_answers: Callable[..., Positions],
    n: int,
    kind: str,
) -> None:
    ids, at = [str(i) for i in range(n)], np.zeros((n, 2))
    evaluation = evaluate_positions(make_answers(ids, at), make_truth(ids, at))
    floors = page_of(evaluation, evaluation).figures["map"]["floors"]
    assert {trace["type"] for trace in floors[0]} == {kind}


def test_a_model_that_answered_nothing_is_reported(
    page_of: Callable[..., Page],
    make_truth: Callable[..., FingerprintSet],
    make_answers: Callable[..., Positions],
) -> None:
    truth, answers = make_truth("ab", np.zeros((2, 2))), make_answers("ab", np.full((2, 2), np.nan))
    page = page_of(evaluate_positions(answers, truth))
    assert page.texts["td"] == ["2", *["–"] * 11, "2", "–"]


def test_words_of_the_user_never_become_markup(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    floor = [HOSTILE] * 3
    page = page_of(evaluate(3, name=HOSTILE, floor=floor, prefix=HOSTILE), title=HOSTILE, data_set=HOSTILE)

    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert "<" not in page.figures_script
    assert page.texts["h1"] == [HOSTILE]
    assert page.texts["summary"] == [HOSTILE]
    assert page.texts["option"] == [f"floor {HOSTILE}"]
    assert page.figures["cdf"]["data"][0]["name"].startswith("&lt;/script&gt;&lt;img")
    assert page.figures["map"]["floors"][0][0]["customdata"][0][0].startswith("&lt;/script&gt;&lt;img")


def test_report_names_no_resource_to_fetch(
    page_of: Callable[..., Page], evaluate: Callable[..., Evaluation]
) -> None:
    page = page_of(evaluate(4))

    assert not [(tag, a) for tag, a in page.elements if {"src", "href", "srcset", "data"} & set(a)]
    (policy,) = [a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_the_same_evaluations_give_the_same_bytes(
    tmp_path: Path, evaluate: Callable[..., Evaluation]
) -> None:
    for name in ("first.html", "second.html"):
        write_report([evaluate(8)], tmp_path / name, title="Report")
    assert (tmp_path / "first.html").read_bytes() == (tmp_path / "second.html").read_bytes()


def test_nothing_to_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no scans to report"):
        write_report([], tmp_path / "report.html", title="Report")
    assert not list(tmp_path.iterdir())


@pytest.mark.browser
def test_a_browser_without_network_draws_every_plot(
    tmp_path: Path, evaluate: Callable[..., Evaluation], chromium: str
) -> None:
    path = tmp_path / "report.html"
    write_report([evaluate(40, name="k-NN"), evaluate(40, name="student")], path, title="Report")

    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    )
    offline = [
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
    ]
    profile = [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000", "--dump-dom"]
    run = subprocess.run(
        [chromium, *flags.split(), *offline, *profile, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    drawn = re.sub(r"<script.*?</script>", "", run.stdout, flags=re.DOTALL)
    assert len(re.findall(r'<svg class="main-svg"', drawn)) >= 2
    assert len(re.findall(r'<g class="lines"><path class="js-line"', drawn)) == 2  # a distribution a model
    assert (
        len(re.findall(r'<path class="point plotly-customdata"', drawn)) == 2 * 20
    )  # the lower floor in two panels
    assert "Share chart" not in drawn  # plotly.js would offer to upload the data
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert not [line for line in console if re.search("Refused|Uncaught|violates", line)]
