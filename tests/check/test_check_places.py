"""Surveys of named places: their own findings, and none about positions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from checked import checked, checked_table, codes, found, scans_of

from tutelage.data.check import capture_warnings
from tutelage.data.fingerprints import FingerprintSet

HEADER = "scan_id,place,device,a,b\n"
ROOMS = ["kitchen"] * 9 + ["hall"] * 9


def named(places: list[str]) -> FingerprintSet:
    """Scans of these places, without positions."""
    rss_dbm = [[-40.0 - i, -90.0 + i] for i in range(len(places))]
    return replace(scans_of(rss_dbm, place=places), position_m=None)


def rows(*places: str) -> str:
    return "".join(f"s{i},{place},phone,{-40 - i},{-90 + i}\n" for i, place in enumerate(places))


def test_a_sound_survey_of_places_has_no_findings(tmp_path: Path) -> None:
    check = checked_table(tmp_path, HEADER + rows(*ROOMS))
    assert check.findings == ()
    assert (check.n_train, check.n_places) == (18, 2)
    assert check.as_dict()["n_places"] == 2
    assert capture_warnings(named(ROOMS)) == []


def test_a_place_with_one_scan_is_named() -> None:
    single = found(checked(named([*ROOMS, "attic"])), "single_scan_place")
    assert (single.severity, single.rows) == ("warning", (19,))
    assert single.message == "1 of 3 places have one scan: attic"


def test_places_with_few_scans_beside_others_are_named() -> None:
    few = found(checked(named([*ROOMS, "attic", "attic"])), "few_scans_place")
    assert few.rows == (19, 20)
    assert few.message.endswith("half have 9 or more: attic (2)")
    assert "few_scans_place" not in codes(checked(named([*ROOMS, *["attic"] * 3])))


def test_names_that_differ_by_case_and_blanks_are_told_and_not_merged(tmp_path: Path) -> None:
    check = checked_table(tmp_path, HEADER + rows(*ROOMS, "Kitchen", " kitchen", "kit chen", "HALL"))
    alike = found(check, "places_alike")
    assert alike.rows == (20, 22, 23)
    assert "'kitchen' and 'Kitchen' and 'kit chen', 'hall' and 'HALL'" in alike.message
    assert check.n_places == 5


def test_names_are_compared_across_the_splits_and_beside_positions() -> None:
    test = scans_of([[-40.0, -60.5], [-41.0, -61.5]], place=["Hall", "attic"])
    check = checked(scans_of([[-40.0, -70.0], [-50.0, -60.0]], place=["hall", "kitchen"]), test)
    assert (found(check, "places_alike").split, found(check, "places_alike").rows) == ("test", (1,))
    assert codes(check).isdisjoint({"single_scan_place", "place_not_surveyed"})


def test_test_scans_of_places_that_were_not_surveyed() -> None:
    away = found(checked(named(ROOMS), named(["hall", "attic", ""])), "place_not_surveyed")
    assert (away.split, away.rows) == ("test", (2,))


def test_scans_without_a_place_are_a_note_and_one_place_is_an_error(tmp_path: Path) -> None:
    check = checked_table(tmp_path, HEADER + rows(*ROOMS, ""))
    assert (found(check, "no_place").severity, found(check, "no_place").rows) == ("note", (20,))
    assert (check.n_errors, check.n_train) == (0, 18)
    assert found(checked_table(tmp_path, HEADER + rows("hall", "hall")), "one_place").severity == "error"


def test_scans_without_coordinates_beside_others_are_errors_with_the_way_out(tmp_path: Path) -> None:
    text = "scan_id,x_m,y_m,room,a\ns,1,2,hall,-50\nt,3,4,hall,-60\nu,,,attic,-70\n"
    finding = next(f for f in checked_table(tmp_path, text).findings if f.code == "no_position")
    assert finding.rows == (4,)
    assert "--columns 'x_m=,y_m='" in finding.advice


@pytest.mark.parametrize("text", ["scan_id,x_m,y_m,floor,a\ns,0,0,1,-50\nt,9,0,1,-60\n"])
def test_a_survey_without_places_is_as_before(tmp_path: Path, text: str) -> None:
    check = checked_table(tmp_path, text)
    assert (check.n_places, codes(check)) == (0, {"few_scans"})
