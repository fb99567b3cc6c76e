"""What makes the generated blocks, on small made-up rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.documented.calibration_tables import (
    borrowed_table,
    coverage_overview,
    coverage_table,
    default_model_table,
    goal_lines,
    gone_table,
    limit_lines,
    refusal_table,
)
from benchmarks.documented.gain_tables import Comparison, gain_table, source_table
from benchmarks.documented.matcher_tables import choice_table, lesson_table, own_weight_table, sharpness_table
from benchmarks.documented.measurement_tables import (
    extrapolation_lines,
    learning_curve_table,
    month_lines,
    month_table,
    weight_search_lines,
)
from benchmarks.documented.method_tables import errors_m, small_survey_table, spread, whole_survey_table
from benchmarks.documented.page_blocks import block_lines, read_source, stale_blocks, with_block, write_blocks

PAGE = "Before.\n\n<!-- from results/a.csv -->\n\nold\n\n<!-- end -->\n\nAfter.\n"


def cells(line: str) -> list[str]:
    """Return the cells of a row of a table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


# -- blocks ----------------------------------------------------------------------------------------------


def test_a_block_is_replaced_and_the_rest_stays() -> None:
    page = with_block(PAGE, "results/a.csv", ["new", "lines"])
    assert block_lines(page) == {"results/a.csv": ["new", "lines"]}
    assert page.startswith("Before.\n")
    assert page.endswith("<!-- end -->\n\nAfter.\n")
    assert with_block(page, "results/a.csv", ["new", "lines"]) == page


def test_an_unknown_block_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no mark <!-- from results/b\.csv -->"):
        with_block(PAGE, "results/b.csv", [])


@pytest.mark.parametrize("page", [PAGE + PAGE, PAGE.replace("<!-- end -->", ""), "<!-- from a -->\n" + PAGE])
def test_repeated_and_open_blocks_are_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no end"):
        block_lines(page)


def test_stale_blocks_are_named_until_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.csv").write_text("n\n1\n2\n", encoding="utf-8")
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    tables = {"results/a.csv": lambda rows: [str(sum(int(row["n"]) for row in rows))]}
    assert stale_blocks(tmp_path, "page.md", tables) == ["results/a.csv"]
    assert write_blocks(tmp_path, "page.md", tables)
    assert stale_blocks(tmp_path, "page.md", tables) == []
    assert not write_blocks(tmp_path, "page.md", tables)
    assert stale_blocks(tmp_path, "page.md", {}) == ["results/a.csv"]


def test_a_source_is_rows_groups_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    (tmp_path / "t.json").write_text(json.dumps({"table": "a", "groups": [{"n": 2}]}), encoding="utf-8")
    assert read_source(tmp_path, "t.csv: a part") == [{"n": "1"}]
    assert read_source(tmp_path, "t.json") == [{"table": "a", "n": 2}]
    assert read_source(tmp_path, "t.csv, t.json") == [{"n": "1"}, {"table": "a", "n": 2}]
    assert read_source(tmp_path, "tutelage.networks") == []


# -- methods ---------------------------------------------------------------------------------------------


def cell_row(network: str, method: str, mae_m: float, **changes: Any) -> dict[str, Any]:
    """Return a finished cell."""
    row = {"target": "tampere", "network": network, "method": method, "budget": "full"}
    return row | {"train_fraction": "1", "seed": "0", "mae_m": str(mae_m)} | changes


@pytest.mark.parametrize(
    ("errors", "shown"), [([], "-"), ([1.234], "1.23"), ([1.0, 2.0, 3.0], "2.00 ± 1.00")]
)
def test_spread_needs_two_seeds(errors: list[float], shown: str) -> None:
    assert spread(errors) == shown


def test_errors_are_those_of_the_first_draws_of_one_method() -> None:
    rows = [cell_row("dnn", "none", 5 + seed, seed=str(seed)) for seed in range(3)]
    rows += [cell_row("dnn", "default", 9), cell_row("dnn", "none", 9, train_fraction="0.1")]
    assert errors_m(rows, "tampere", "dnn", "none") == [5, 6, 7]
    assert errors_m(rows, "tampere", "dnn", "none", n_draws=2) == [5, 6]


def test_whole_surveys_have_a_dash_for_what_was_not_run_and_the_figures_of_the_paper() -> None:
    lines = whole_survey_table([cell_row("blend", "both", 6.0, seed=str(seed)) for seed in range(2)])
    [blend] = [cells(line) for line in lines if "blend with a matcher pretrained and" in line]
    assert blend[1:] == ["-", "6.00 ± 0.00", "-", "0 / 2"]
    assert cells(lines[-1])[1:] == ["10.79", "7.73", "-", "-"]


def test_small_surveys_refuse_a_method_that_lacks_draws() -> None:
    with pytest.raises(ValueError, match="has 0 of 5 draws"):
        small_survey_table([])


# -- gains -----------------------------------------------------------------------------------------------


def group(
    target: str, method: str, difference_m: float, holds: bool, *, converged: bool = True
) -> dict[str, Any]:
    """Return a group of cells with its difference from learning alone."""
    against = {"own": {"mean": difference_m, "holds": holds, "converged": converged}}
    return {"target": target, "network": "dnn", "method": method, "train_fraction": 1.0, "against": against}


def test_gains_are_counted_over_places() -> None:
    groups = [group("a", "default", -0.2, True), group("b", "default", 0.1, True)]
    groups += [group("c", "default", -0.0, False), group("c", "paper", -9, True)]
    asked = [
        Comparison("teachers", ("dnn",), "default", "own"),
        Comparison("none", ("baat",), "default", "own"),
    ]
    head, _, line = gain_table(asked)(groups)
    assert len(cells(head)) == len(cells(line))
    assert cells(line) == ["teachers", "+0.03", "-0.10", "+0.20", "1 of 3", "1 of 3"]


def test_what_did_not_converge_is_counted_apart() -> None:
    asked = [Comparison("teachers", ("dnn",), "default", "own")]
    groups = [group("a", "default", -0.2, True), group("b", "default", 4.0, True, converged=False)]
    head, _, line = gain_table(asked)(groups)
    assert cells(head)[-2:] == ["did not converge", "mean with those"]
    assert cells(line)[1:] == ["+0.20", "+0.20", "+0.20", "1 of 1", "0 of 1", "1", "-1.90"]
    assert [*gain_table(asked)([groups[1]])][2:] == []


def test_a_gain_of_half_a_hundredth_is_rounded_up_and_zero_has_no_minus() -> None:
    asked = [Comparison("teachers", ("dnn",), "default", "own")]
    *_, up = gain_table(asked)([group("a", "default", -0.045, False)])
    *_, zero = gain_table(asked)([group("a", "default", 0.001, False)])
    assert cells(up)[1] == "+0.05"
    assert cells(zero)[1] == "+0.00"


def test_sources_move_the_error_by_the_span_of_their_subsets() -> None:
    rows = [
        {"target": "a", "network": "dnn", "method": method, "train_fraction": 1.0}
        | {"mean_mae_m": error_m, "sd_mae_m": 0.1}
        for method in ("default", "paper", "sequential")
        for error_m in (5.0, 5.3, 5.1)
    ]
    assert cells(source_table(rows)[2])[1:] == ["0.30", "0.30", "0.30", "0.10"]


# -- calibration -----------------------------------------------------------------------------------------


def radius_row(level: str, seed: int, coverage: float, **changes: str) -> dict[str, str]:
    """Return a row of results/calibration.csv, without the columns that older rows lack."""
    row = {"survey": "s", "scans": "s", "network": "knn", "level": level, "seed": str(seed), "points": "40"}
    row |= {"n": "100", "n_refused": str(seed), "mae_m": "2", "coverage": str(coverage), "radius_m": "5"}
    return row | {"false_refusals": "0.025"} | changes


def test_coverage_has_mean_and_range_over_seeds() -> None:
    rows = [radius_row("0.95", seed, 0.94 + 0.01 * seed, scans="later") for seed in range(2)]
    rows += [radius_row("0.8", seed, 0.9, scans="later") for seed in range(2)]
    rows += [radius_row("0.95", 0, 0.9)]  # in the overview
    lines = coverage_table(rows)
    assert len(lines) == 3
    row = cells(lines[2])
    assert row[:5] == ["s", "later", "knn", "2", "40"]
    assert row[6] == "- / 90.0% (90.0% to 90.0%) / 94.5% (94.0% to 95.0%)"
    assert row[8] == "0.5% (2.5%)"


def test_overview_has_errors_and_radii_of_whole_scans() -> None:
    new = {"gone": "0.0", "held_out_mae_m": "1.6", "borrowed": "1.25"}
    rows = [radius_row(level, 0, float(level), **new) for level in ("0.5", "0.8", "0.95")]
    rows += [radius_row("0.95", 0, 0.1, gone="0.5"), radius_row("0.95", 0, 0.99, survey="old", scans="old")]
    _, _, row, old = map(cells, coverage_overview(rows))
    assert row == ["s", "40", "1.60", "2.00", "1.25", "50.0%", "80.0%", "95.0%", "95.0%", "+25%", "1"]
    assert old == ["old", "40", "-", "2.00", "-", "-", "-", "99.0%", "99.0%", "-", "1"]


def test_goal_is_missed_by_a_ratio_a_mean_or_one_seed() -> None:
    rows = [radius_row("0.95", seed, 0.94, held_out_mae_m="1") for seed in range(2)]
    rows += [radius_row("0.95", seed, 0.91 - seed / 50, survey="t", scans="t") for seed in range(2)]
    rows += [radius_row("0.5", 0, 0.56), radius_row("0.5", 0, 0.55, survey="t", scans="t")]
    text, _, error, half, _, most = goal_lines(rows)
    assert "0.7 to 1.5 times" in text
    assert error == "- Error: met by 0 of 1 surveys. Met: none. Not met: s (2.00)."
    assert half == "- 50 %: met by 1 of 2 surveys. Met: t (+5.0). Not met: s (+6.0)."
    assert most == "- 95 %: met by 1 of 2 surveys. Met: s (-1.0). Not met: t (-5.0, lowest 89.0%)."


def test_gone_access_points_have_a_row_a_share() -> None:
    rows = [radius_row("0.95", 0, 0.9, gone=gone) for gone in ("0.0", "0.5", "0.25")]
    assert [cells(line)[1] for line in gone_table(rows)[2:]] == ["25%", "50%"]
    assert cells(gone_table(rows)[2]) == ["s", "25%", "2.00", "- / - / 90.0%", "0.0%"]
    assert len(gone_table([radius_row("0.95", 0, 0.9)])) == 2


def test_limits_are_told_of_the_surveys_that_there_are() -> None:
    [fails, moves] = limit_lines([radius_row("0.95", seed, 0.85 + seed / 50) for seed in range(2)])
    assert fails.startswith("- s: k-NN's radii at 95 % hold 9 points fewer")
    assert "by 2 to 2 points" in moves
    assert list(limit_lines([])) == []


def test_refusals_by_the_rule_in_use_stand_before_those_by_the_old_one() -> None:
    row = {"survey": "s", "scans": "k", "seed": "0", "n": "9", "answered_m": "2", "coverage": "0.9"}
    rows = [row | {"rule": "3 x", "refused": "0.1", "refused_m": "7"}]
    rows += [row | {"rule": "2 x", "refused": "0.9", "refused_m": "1"}]
    rows += [row | {"rule": "unlikeness alone", "refused": "0", "refused_m": ""}]
    line = cells(refusal_table(rows)[2])
    assert line == ["s", "k", "10.0% / 0.0%", "2.00 / 2.00", "7.00 / -", "90.0% / 90.0%"]


def test_what_is_lent_is_a_spread_of_phones_and_a_median_of_days() -> None:
    rows = [{"survey": "s", "lack": "phone", "part": value, "value": value} for value in ("-1", "3")]
    rows += [{"survey": "s", "lack": "day", "part": value, "value": value} for value in ("1", "2", "1.5")]
    phones, days = map(cells, borrowed_table(rows)[2:])
    assert phones[2:] == ["2", "-1.0 dB", "+3.0 dB", "2.00 dB (standard deviation)"]
    assert days[2:] == ["3", "1.00 times", "2.00 times", "1.50 times (median)"]


def test_default_model_is_the_blend_with_radii() -> None:
    rows = [
        cell_row("blend", "both", 6, target=target, coverage=share)
        for target in ("ujiindoorloc", "tampere", "tut6")
        for share in ("0.94", "0.96", "")
    ]
    assert cells(default_model_table(rows)[2]) == ["UJIIndoorLoc", "95.0 %", "94.0 %", "96.0 %", "2"]


# -- measurements ----------------------------------------------------------------------------------------


def month_row(month: int, gone: int, estimated: float, measured: float) -> dict[str, Any]:
    """Return a row of results/drift.csv."""
    row = {"month": month, "gone": gone, "shifted": 0, "new": 1, "common_db": 2.0, "refused": 0.001}
    row |= {"estimated": estimated, "measured": measured, "mae_m": 2.1, "coverage": 0.99}
    return row | {"severity": "none"}


def test_months_before_and_after_access_points_went_are_told_apart() -> None:
    rows = [month_row(2, 0, 1.0, 0.99), month_row(3, 0, 1.0, 1.02), month_row(4, 0, 1.0, 1.07)]
    rows += [month_row(5, 9, 1.13, 1.03), month_row(6, 9, 1.18, 1.11)]
    off, before, after = month_lines(rows)
    assert "median difference 7.0%, largest 10.0%" in off
    assert "From month 3 to 4" in before
    assert "2 to 7 %" in before
    assert "From month 5 on, the estimate says 13 to 18 %, and 3 to 11 % were lost" in after
    assert cells(month_table(rows)[3])[5:8] == ["0.1%", "+0%", "+2%"]


def test_learning_curves_count_the_draws_within_the_interval() -> None:
    rows = [
        {"survey": "s", "n_half": "10", "n_all": "20", "gain_m": gain, "gain_true_m": "1.0"}
        | {"gain_low_m": "0.5", "gain_high_m": high, "all_m": "2.2", "all_true_m": "2.0"}
        | {"all_low_m": "1", "all_high_m": "3"}
        for gain, high in (("0.8", "0.9"), ("1.4", "1.5"))
    ]
    assert cells(learning_curve_table(rows)[2])[:5] == [
        "s",
        "10 to 20",
        "0.80 / 1.40",
        "1.00 / 1.00",
        "1 of 2",
    ]
    gains, errors = extrapolation_lines(rows)
    assert "to 0.30 m on average. The interval holds 1 of 2 draws" in gains
    assert "to 10 % on average. The interval holds 2 of 2 draws" in errors


def test_weight_search_counts_the_trials_that_were_stopped() -> None:
    ends = {0: "complete", 1: "complete", 2: "pruned", 3: "complete"}
    rows = [{"trial": n, "held_out_mae_m": 9 + n / 10, "ended": ended} for n, ended in ends.items()]
    [line] = weight_search_lines(rows)
    assert line.startswith("1 of 4 trials were stopped early")
    assert "2 of the 3 others are the first ones" in line
    assert "9.00 to 9.30 m, the published weights 9.00 m" in line


# -- matcher ---------------------------------------------------------------------------------------------


def test_choices_are_means_over_seeds() -> None:
    rows = [
        {
            "choice": "share",
            "survey": "s",
            "fraction": "0.1",
            "n_points": "40",
            "value": value,
            "mae_m": error,
        }
        for value, errors in (("0.0", ("5", "6")), ("0.2", ("4", "5")))
        for error in errors
    ]
    head, _, line = choice_table("share", "by share")([*rows, {"choice": "lesson"}])
    assert cells(head) == ["by share", "points", "0", "0.2"]
    assert cells(line) == ["s, 10%", "40", "5.50", "4.50"]


def test_kinds_of_radio_map_are_ordered_by_their_points() -> None:
    rows = [
        {
            "survey": survey,
            "drawn": "scans",
            "fraction": "1",
            "n_points": points,
            "sharpness": "1",
            "mae_m": "3",
        }
        for survey, points in (("large", "90"), ("small", "9"))
    ]
    assert [cells(line)[0] for line in sharpness_table(rows)[2:]] == ["small", "large"]


def test_lessons_are_compared_on_the_seeds_that_all_have() -> None:
    def row(lesson: str, share: str, seed: str, mae_m: str, held_out: str = "points") -> dict[str, str]:
        figures = {"lesson": lesson, "share": share, "seed": seed, "mae_m": mae_m, "n_points": "30"}
        return {"survey": "s", "held_out": held_out} | figures

    longest = "31 rounds, 2e-3"
    rows = [row("10 rounds", "0.67", "0", "5"), row("10 rounds", "0.67", "1", "9")]
    rows += [row(longest, "0.67", "0", "4"), row(longest, "1.0", "0", "4.5")]
    rows += [row("own map alone", "1.0", "0", "6"), row(longest, "0.67", "0", "7", "0.1")]
    lessons = lesson_table(rows)
    assert cells(lessons[0])[2:] == ["10 rounds", longest, "own map alone"]
    assert cells(lessons[2]) == ["s, points", "30", "5.00", "4.00", "6.00"]
    assert cells(lessons[3]) == ["s, all but 10% of the points", "30", "-", "7.00", "-"]
    assert cells(own_weight_table(rows)[2]) == ["s, points", "30", "4.00", "4.50"]
