"""The tables of the pages on calibration and drift are those of the committed results."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from statistics import mean, median

import numpy as np
import pytest

from tutelage.data.surveys import public_datasets

ROOT = Path(__file__).parents[1]
LEVELS = "0.5", "0.8", "0.95"


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "results" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def cells(name: str, results: str, part: str = "") -> list[list[str]]:
    """The cells of the table after the mark that names the results, without its head."""
    after = page(name).split(f"<!-- from results/{results}.csv{part} -->")[1].split("<!-- end")[0]
    lines = [line for line in after.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def percent(text: str) -> float:
    return float(text.strip().split("%")[0])


# -- calibration ------------------------------------------------------------------------------------------


def test_calibration_page_has_a_row_for_what_was_measured() -> None:
    found = {(row["survey"], row["scans"], row["network"]) for row in rows("calibration")}
    assert {tuple(row[:3]) for row in cells("calibration", "calibration")} == found
    assert len(cells("calibration", "calibration")) == len(found)


def test_calibration_page_shows_the_committed_figures() -> None:
    for survey, scans, network, seeds, points, error, shares, radius, refused in cells(
        "calibration", "calibration"
    ):
        own = [
            row
            for row in rows("calibration")
            if (row["survey"], row["scans"], row["network"]) == (survey, scans, network)
        ]
        at = {level: [row for row in own if row["level"] == level] for level in LEVELS}
        last = at["0.95"]
        assert {row["seed"] for row in last} == {str(seed) for seed in range(int(seeds))}
        assert points == last[0]["points"]
        assert float(error.split()[0]) == pytest.approx(mean(float(r["mae_m"]) for r in last), abs=0.006)
        assert float(radius.split()[0]) == pytest.approx(mean(float(r["radius_m"]) for r in last), abs=0.06)
        for share, level in zip(re.split(r" / ", shares), LEVELS, strict=True):
            if share == "-":
                assert not at[level]
                continue
            coverage = mean(float(row["coverage"]) for row in at[level])
            assert percent(share) == pytest.approx(100 * coverage, abs=0.06), (survey, level)
        n_refused, n = (sum(int(row[name]) for row in last) for name in ("n_refused", "n"))
        assert percent(refused) == pytest.approx(100 * n_refused / n, abs=0.06)
        at_most = 100 * float(last[0]["false_refusals"])
        assert percent(refused.split("(")[1]) == pytest.approx(at_most, abs=0.06)


@pytest.mark.parametrize("level", LEVELS)
def test_calibration_page_names_the_surveys_that_meet_the_goal(level: str) -> None:
    own = [row for row in rows("calibration") if row["scans"] == row["survey"] and row["level"] == level]
    for network in {row["network"] for row in own}:
        begin = f"- {network}, {100 * float(level):.0f} %: met by "
        [said] = [line.removeprefix(begin) for line in page("calibration").splitlines() if begin in line]
        met, missed = said.split("; not met: ")
        for survey in {row["survey"] for row in own if row["network"] == network}:
            shares = [float(r["coverage"]) for r in own if (r["survey"], r["network"]) == (survey, network)]
            off = 100 * (mean(shares) - float(level))
            there, elsewhere = (met, missed) if abs(off) <= 2 else (missed, met)
            [told] = re.findall(rf"\b{re.escape(survey)} \(([-+.\d]+)\)", there)
            assert float(told) == pytest.approx(off, abs=0.06)
            assert f"{survey} (" not in elsewhere


def test_calibration_page_says_how_the_library_ages() -> None:
    words = " ".join(page("calibration").split())
    months = [row for row in rows("calibration") if row["survey"] == "uji_library:1"]
    error = {
        scans: mean(float(row["mae_m"]) for row in months if row["scans"] == f"uji_library:{scans}")
        for scans in ("1", "24")
    }
    assert f"over 24 months errors grow from {error['1']:.1f} to {error['24']:.1f} m" in words
    assert min(float(row["coverage"]) for row in months if row["level"] == "0.95") > 0.95
    own = [row for row in rows("calibration") if row["survey"] == "tut1"]
    [tut1] = [row for row in own if (row["network"], row["level"], row["seed"]) == ("knn", "0.95", "0")]
    assert f"TUT1's test scans, of which {100 * float(tut1['coverage']):.1f} % lie within" in words
    lost = {
        level: round(100 * (covered("uji_library:1", level) - covered("uji_library:24", level)))
        for level in ("0.8", "0.5")
    }
    assert (
        f"at 80 % they hold {lost['0.8']} points fewer than at first, at 50 % {lost['0.5']} points" in words
    )


def covered(scans: str, level: str, network: str = "knn") -> float:
    """Mean coverage over seeds."""
    wanted = (scans, network, level)
    own = [row for row in rows("calibration") if (row["scans"], row["network"], row["level"]) == wanted]
    return mean(float(row["coverage"]) for row in own)


def test_calibration_page_says_where_radii_fail_and_how_far_seeds_lie_apart() -> None:
    words = " ".join(page("calibration").split())
    short = sorted(round(95 - 100 * covered(survey, "0.95")) for survey in ("tut5", "tut1"))
    assert f"{short[0]} to {short[1]} points too seldom on average over five seeds" in words
    assert f"the DNN's hold TUT5's {95 - 100 * covered('tut5', '0.95', 'dnn'):.0f} points too seldom" in words
    by_survey: dict[str, list[float]] = {}
    for row in rows("calibration"):
        if (row["network"], row["level"], row["survey"]) == ("knn", "0.95", row["scans"]):
            by_survey.setdefault(row["survey"], []).append(100 * float(row["coverage"]))
    apart = [max(found) - min(found) for found in by_survey.values() if len(found) > 1]
    assert f"coverage at 95 % moves by {min(apart):.0f} to {max(apart):.0f} points" in words


# -- drift ------------------------------------------------------------------------------------------------


def test_drift_page_shows_the_committed_months() -> None:
    found = cells("drift", "drift")
    assert [row[0] for row in found] == [row["month"] for row in rows("drift")]
    for shown, row in zip(found, rows("drift"), strict=True):
        assert shown[:5] == [row[name] for name in ("month", "gone", "shifted", "new", "common_db")]
        assert percent(shown[5]) == pytest.approx(100 * float(row["refused"]), abs=0.06)
        for cell, name in zip(shown[6:8], ("estimated", "measured"), strict=True):
            assert percent(cell) == pytest.approx(100 * (float(row[name]) - 1), abs=0.51)
        assert (shown[8], shown[10]) == (row["mae_m"], row["severity"])
        assert percent(shown[9]) == pytest.approx(100 * float(row["coverage"]), abs=0.06)


def test_drift_page_says_how_the_estimate_did() -> None:
    words, months = " ".join(page("drift").split()), rows("drift")
    off = [abs(float(row["estimated"]) - float(row["measured"])) for row in months]
    assert f"median difference {median(off):.1%}, largest {max(off):.1%}" in words
    before = [float(row["measured"]) - 1 for row in months if 3 <= int(row["month"]) <= 10]
    assert {row["gone"] for row in months if int(row["month"]) <= 10} == {"0"}
    span = f"{100 * min(before):.0f} to {100 * max(before):.0f} % larger before anything is gone"
    assert f"from month 3 on the error is {span}" in words


def test_drift_page_shows_the_committed_updates() -> None:
    found = cells("drift", "updates")
    committed = [
        [
            row["month"],
            row["model"],
            row["mae_m"],
            row["p95_m"],
            f"{100 * float(row['coverage']):.1f}%",
            row["radius_m"],
        ]
        for row in rows("updates")
    ]
    assert found == committed


def test_calibration_page_says_how_often_the_default_models_radii_hold() -> None:
    page = " ".join((ROOT / "docs" / "calibration.md").read_text(encoding="utf-8").split())
    with (ROOT / "results" / "accuracy.csv").open(newline="", encoding="utf-8") as file:
        known = [row for row in csv.DictReader(file) if row["coverage"] and row["method"] == "both"]
    said = []
    for target, title in (("ujiindoorloc", "UJIIndoorLoc"), ("tampere", "Tampere"), ("tut6", "TUT6")):
        shares = [100 * float(row["coverage"]) for row in known if row["target"] == target]
        assert shares
        said.append(
            f"{title} {mean(shares):.1f} % ({min(shares):.1f} to {max(shares):.1f}, {len(shares)} seeds)"
        )
    assert ", ".join(said) in page


# -- data sets --------------------------------------------------------------------------------------------


def test_data_page_shows_which_surveys_are_of_one_building() -> None:
    found = cells("data", "buildings")
    assert found == [
        [
            row["other"],
            row["first"],
            f"{row['matched']} of {row['access_points']}",
            row["matched_turned"],
            f"{float(row['median_m']):.1f} m",
            f"{float(row['mean_m']):.1f} m",
            f"{float(row['floor_hit']):.0%}",
            f"{float(row['chance_m']):.0f} m",
        ]
        for row in rows("buildings")
    ]
    building = {name: entry.building for name, entry in public_datasets().items()}
    assert all(building[row["first"]] == building[row["other"]] for row in rows("buildings"))
    shown = {name for row in rows("buildings") for name in (row["first"], row["other"])}
    assert shown == {name for name in building if [*building.values()].count(building[name]) > 1}


# -- matcher and blend -------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["lesson", "simulated", "epochs", "share"])
def test_matcher_page_shows_the_committed_choices(choice: str) -> None:
    found: dict[str, list[tuple[str, float]]] = {}
    for row in rows("choices"):
        if row["choice"] == choice:
            share = float(row["fraction"])
            place = f"{row['survey']}, {share:.0%}" if share < 1 else row["survey"]
            found.setdefault(place, []).append((row["value"], float(row["mae_m"])))
    shown = {place: errors for place, _, *errors in cells("matcher", "choices", f": {choice}")}
    assert shown.keys() == found.keys()
    for place, errors in shown.items():
        values = dict.fromkeys(value for value, _ in found[place])
        means = [mean(error for other, error in found[place] if other == value) for value in values]
        assert [float(error) for error in errors] == pytest.approx(means, abs=0.006)


def test_matcher_page_shows_how_sharply_to_weigh() -> None:
    found: dict[str, list[list[float]]] = {}
    for row in rows("sharpness"):
        share = float(row["fraction"])
        kind = f"{row['survey']}, {share:.0%} of the {row['drawn']}" if share < 1 else row["survey"]
        of_seed = found.setdefault(kind, [[] for _ in range(6)])[int(row["seed"])]
        of_seed.append(float(row["mae_m"]))
    shown = {kind: errors for kind, _, *errors in cells("matcher", "sharpness")}
    assert shown.keys() == found.keys()
    for kind, errors in shown.items():
        assert [float(error) for error in errors] == pytest.approx(np.mean(found[kind], axis=0), abs=0.006)


_LESSONS = [
    f"{rounds} rounds{rate}" for rounds, rate in ((10, ""), (10, ", 2e-3"), (20, ", 2e-3"), (31, ", 2e-3"))
]
_OWN_MAP = {
    "lessons": [*((lesson, "0.67") for lesson in _LESSONS), ("own map alone", "1.0")],
    "shares": [(_LESSONS[-1], share) for share in ("0.3", "0.5", "0.67", "0.8", "0.9", "1.0")],
}


@pytest.mark.parametrize("part", _OWN_MAP)
def test_matcher_page_shows_how_long_the_own_map_was_learnt(part: str) -> None:
    found: dict[str, dict[tuple[str, str], float]] = {}
    for row in rows("fine_tune"):
        if row["seed"] == "0":  # the one that every lesson has
            kept = row["held_out"]
            held = kept if kept in ("points", "users") else f"all but {float(kept):.0%} of the points"
            of_place = found.setdefault(f"{row['survey']}, {held}", {})
            of_place[row["lesson"], row["share"]] = float(row["mae_m"])
    shown = {place: errors for place, _, *errors in cells("matcher", "fine_tune", f": {part}")}
    assert shown.keys() == {place for place in found if found[place].keys() & {*_OWN_MAP[part]}}
    for place, errors in shown.items():
        for column, error in zip(_OWN_MAP[part], errors, strict=True):
            assert error == (f"{found[place][column]:.2f}" if column in found[place] else "-")


def test_matcher_page_shows_the_committed_distilled_networks() -> None:
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows("distilled_matcher"):
        found.setdefault(f"{row['survey'].upper()}, {float(row['share']):.0%}", []).append(row)
    shown = {place: errors for place, _, *errors in cells("matcher", "distilled_matcher")}
    assert shown.keys() == found.keys()
    names = "knn_m", "matcher_m", "dnn_m", "dnn_mixed_m", "dnn_taught_m"
    for place, errors in shown.items():
        means = [mean(float(row[name]) for row in found[place]) for name in names]
        assert [float(error) for error in errors] == pytest.approx(means, abs=0.006)


# -- devices ----------------------------------------------------------------------------------------------


def test_results_page_shows_the_committed_seconds_on_both_devices() -> None:
    figures = ("method", "cpu_seconds", "accelerator_seconds", "ratio")
    found = rows("devices")
    assert cells("results", "devices") == [[row[name] for name in figures] for row in found]
    for row in found:
        cpu, gpu = float(row["cpu_seconds"]), float(row["accelerator_seconds"])
        assert float(row["ratio"]) == pytest.approx(cpu / gpu, abs=0.051)
        assert f"| {row['cores']} cores, {row['accelerator']} |" in page("results")
