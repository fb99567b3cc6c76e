"""What the layers show: expected errors, and access points that nobody hears any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_map import heard_on

from tutelage.serving.answers import Answer
from tutelage.serving.expected_errors import ExpectedErrors, heard_at_places
from tutelage.serving.gone_access_points import SQUARE_M, GoneAccessPoints, Square
from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.served_models import ServedModel


@pytest.fixture(scope="module")
def model(office: Path) -> ServedModel:
    """The office's model."""
    return ServedModel.load("office", office)


def walked(model: ServedModel, *, without: str = "", n_scans: int = 200) -> list[tuple[HeardScan, Answer]]:
    """Walk over the survey, hearing what it heard."""
    survey = model.survey
    rows = np.linspace(0, len(survey) - 1, n_scans).astype(int).tolist()
    scans = [
        HeardScan({name: rss for name, rss in survey.readings(row).items() if name != without}, float(i))
        for i, row in enumerate(rows)
    ]
    return list(zip(scans, model.locate(scans, 0.95), strict=True))


def strongest(model: ServedModel) -> str:
    """The access point that the survey heard most strongly at most places."""
    _, scans = heard_at_places(model.survey)
    loud = [name for scan in scans for name, rss_dbm in scan.items() if rss_dbm > -65]
    return max(set(loud), key=loud.count)


def note(watch: GoneAccessPoints, model: ServedModel, walk: list[tuple[HeardScan, Answer]]) -> None:
    """Let the watch see a walk scan by scan."""
    for scan, answer in walk:
        watch.note([model], [scan], [answer])


def test_an_access_point_that_nobody_hears_is_gone_and_the_others_are_not(model: ServedModel) -> None:
    gone = strongest(model)
    watch = GoneAccessPoints()
    note(watch, model, walked(model, without=gone))
    (found,) = watch.of(model)
    assert found.name == gone
    assert found.n_missed >= 20
    assert len(found.squares) >= 3
    heard_there = [model.survey.heard(gone)[row] for row in rows_of(model, found.squares[0])]
    assert np.nanmean(heard_there) >= -75


def rows_of(model: ServedModel, square: Square) -> list[int]:
    """Scans of the survey in a square."""
    survey = model.survey
    return [
        row
        for row, ((x_m, y_m), floor, building) in enumerate(
            zip(survey.position_m, survey.floor, survey.building, strict=True)
        )
        if Square.at(x_m, y_m, floor, building) == square
    ]


def test_one_scan_that_hears_it_brings_it_back(model: ServedModel) -> None:
    gone = strongest(model)
    watch = GoneAccessPoints()
    note(watch, model, walked(model, without=gone))
    somewhere = HeardScan({gone.upper() if gone.islower() else gone: -90.0}, 1e6)
    watch.note([model], [somewhere], [Answer(1e6, "office", "too little", 1, 1)])
    assert watch.of(model) == []


def test_scans_as_they_were_surveyed_miss_nothing(model: ServedModel) -> None:
    watch = GoneAccessPoints()
    note(watch, model, walked(model))
    assert watch.of(model) == []


def test_a_phone_that_reports_only_the_strongest_misses_nothing(model: ServedModel) -> None:
    scans = [
        (replace(scan, rss_dbm=dict(sorted(scan.rss_dbm.items(), key=lambda each: -each[1])[:3])), answer)
        for scan, answer in walked(model)
    ]
    watch = GoneAccessPoints()
    note(watch, model, scans)
    assert watch.of(model) == []


def test_scans_of_another_model_are_left(model: ServedModel) -> None:
    watch = GoneAccessPoints()
    answer = Answer(0.0, "elsewhere", "", 3, 3, x_m=1.0, y_m=1.0, floor="0")
    watch.note([model], [HeardScan(heard_on("0"), 0.0)], [answer])
    assert watch.of(model) == []


def test_a_square_reaches_from_its_corner_and_knows_its_centre() -> None:
    square = Square.at(-0.1, SQUARE_M, "1", None)
    assert square == ("", "1", -1, 1)
    assert square.centre_m == (-SQUARE_M / 2, 1.5 * SQUARE_M)


def test_a_place_has_heard_what_half_of_its_scans_heard(model: ServedModel) -> None:
    survey = model.survey
    places, scans = heard_at_places(survey)
    assert len(scans) == len(places.n_scans)
    at_first = (survey.position_m == places.position_m[0]).all(axis=1)
    rows = np.flatnonzero(at_first & (survey.floor == places.floor[0]) & survey.has_position)
    assert len(rows) == places.n_scans[0]
    for name in survey.access_points:
        rss_dbm = survey.heard(name)[rows]
        if np.isfinite(rss_dbm).mean() >= 0.5:
            assert scans[0][name] == pytest.approx(np.nanmean(rss_dbm))
        else:
            assert name not in scans[0]


def test_errors_are_expected_at_every_place_and_computed_once(model: ServedModel) -> None:
    errors = ExpectedErrors()
    expected = errors.of(model, 0.95)
    assert len(expected.radius_m) == len(expected.places.n_scans)
    assert (expected.radius_m > 0).all()
    assert errors.of(model, 0.95) is expected
    assert (errors.of(model, 0.5).radius_m <= expected.radius_m).all()
