"""Faults of capture: what makes every figure about a model wrong is found, and told by fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import tutelage as tt
from tutelage.cli import main
from tutelage.data.check import capture_warnings
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_table

START = np.datetime64("2026-05-04T09:00:00", "ms")


@pytest.fixture(scope="module")
def office() -> FingerprintSet:
    return tt.simulated_survey(seed=4, n_train=160, n_test=20, n_access_points=16, n_floors=1).train


def codes(scans: FingerprintSet) -> list[str]:
    """Return the codes of all findings about a survey."""
    return [finding.code for finding in tt.check_survey(Survey("office", scans)).findings]


def with_rss(scans: FingerprintSet, rows: np.ndarray) -> FingerprintSet:
    """Return the scans with the readings of other rows."""
    return replace(scans, rss_dbm=sparse.csr_array(scans.rss_dbm[rows]))


def test_a_sound_survey_has_none(office: FingerprintSet) -> None:
    assert capture_warnings(office) == []
    assert {"stale_scan", "all_alike", "units"}.isdisjoint(codes(office))


def test_a_phone_that_repeats_its_last_scan_is_found(office: FingerprintSet) -> None:
    order = np.argsort(office.known_position_m[:, 0])
    rows = np.arange(len(office))
    rows[order[40::4]] = order[0:-40:4]  # each fourth scan hears what was heard some metres before
    stale = with_rss(office, rows)
    assert "stale_scan" in codes(stale)
    (finding,) = [each for each in capture_warnings(stale) if each.code == "stale_scan"]
    assert "exactly what a scan of another place hears" in finding.message
    assert len(finding.rows) >= 20


@pytest.mark.parametrize("has_positions", [True, False])
def test_percent_with_a_minus_sign_is_found(office: FingerprintSet, has_positions: bool) -> None:
    place = np.array([f"{x:.0f}" for x in office.known_position_m[:, 0] // 5])
    scans = office if has_positions else replace(office, position_m=None, place=place)
    assert "upside_down" not in codes(scans)
    turned = scans.rss_dbm.copy()
    turned.data = np.clip(-2 * (turned.data + 100), -100, -1)
    (finding,) = [
        each for each in capture_warnings(replace(scans, rss_dbm=turned)) if each.code == "upside_down"
    ]
    assert "--units rss=percent" in finding.advice


def test_readings_in_the_wrong_order_are_found(office: FingerprintSet) -> None:
    mixed = with_rss(office, np.random.default_rng(0).permutation(len(office)))
    assert [finding.code for finding in capture_warnings(mixed)] == ["all_alike"]


def test_scans_that_are_all_the_same_are_found(office: FingerprintSet) -> None:
    same = with_rss(office, np.zeros(len(office), dtype=np.int64))
    assert {"stale_scan", "all_alike"} <= set(codes(same))


@pytest.mark.parametrize(("factor", "is_found"), [(1, False), (100, True), (1000, True)])
def test_positions_in_other_units_are_found_in_place_of_moving_access_points(
    office: FingerprintSet, factor: float, is_found: bool
) -> None:
    assert office.position_m is not None
    scaled = replace(office, position_m=office.position_m * factor)
    assert ("units" in codes(scaled)) is is_found
    assert "moving_access_point" not in codes(scaled)


@pytest.mark.parametrize("factor", [1, 100])
def test_positions_of_one_access_point_in_other_units_are_found(
    office: FingerprintSet, factor: float
) -> None:
    assert office.position_m is not None
    strongest = office.access_points[int(office.rss_dbm.tocoo().coords[1][office.rss_dbm.data.argmax()])]
    one = replace(office, position_m=office.position_m * factor).aligned_to([strongest])
    assert ("units" in codes(one)) is (factor == 100)


def test_a_survey_of_many_kilometres_is_told(office: FingerprintSet) -> None:
    assert office.position_m is not None
    as_degrees = replace(office, position_m=office.position_m * 1e5)
    assert "far_away" in [finding.code for finding in capture_warnings(as_degrees)]


@pytest.mark.parametrize(("gap_s", "is_found"), [(4, True), (40, False)])
def test_scans_of_one_moment_are_noted(gap_s: int, is_found: bool) -> None:
    n = 120
    scans = FingerprintSet.from_scans([{"a": -40.0 - i / 3, "b": -80.0 + i / 3} for i in range(n)])
    point = np.arange(n) // 4
    scans = replace(
        scans,
        position_m=np.column_stack([3.0 * point, np.zeros(n)]),
        time=START + (np.arange(n) * gap_s * 1000).astype("timedelta64[ms]"),
    )
    assert ("seconds_apart" in codes(scans)) is is_found
    (sided,) = [each for each in tt.check_survey(Survey("hall", scans)).findings if each.code == "one_sided"]
    assert sided.message == "the survey has one day; others will differ"


def test_fit_tells_it(
    office: FingerprintSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "mixed.csv"
    mixed = with_rss(office, np.random.default_rng(0).permutation(len(office)))
    export_table(Survey("mixed", mixed), path)
    out = str(tmp_path / "model")
    monkeypatch.setattr(
        "sys.argv", ["tutelage", "fit", str(path), "--method", "knn", "--no-calibration", "--out", out]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert "warning:" in (told := capsys.readouterr().err)
    assert "do not tell places apart" in told


@pytest.mark.real_data
def test_stale_scans_of_ujiindoorloc_are_found() -> None:
    stale = [each for each in capture_warnings(tt.load("ujiindoorloc").train) if each.code == "stale_scan"]
    assert len(stale) == 1
    assert 500 < len(stale[0].rows) < 1000
