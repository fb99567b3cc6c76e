"""Figures of the benchmark of tracks, worked out by hand, and the tracks of others that it makes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.compared_tracks import COMPARED, Cells, cell_names
from benchmarks.track_figures import Estimate, Walk, track_figures

from tutelage.serving.answers import Answer


def walk_along_x(truth_m: list[float], said_m: list[float], floor: str, place: str) -> tuple[Walk, Estimate]:
    """Make a walk with a scan each 5 s on floors and at places of one letter each, and raw answers to it."""
    true = Estimate(
        np.column_stack([truth_m, np.zeros(len(truth_m))]), np.array([*floor]), np.array([*place])
    )
    answers = [
        Answer(
            5.0 * n, model="knn", reason="", n_heard=1, n_known=1, x_m=x_m, y_m=0.0, radius_m=2.0, level=0.95
        )
        for n, x_m in enumerate(said_m)
    ]
    position_m = np.column_stack([said_m, np.zeros(len(said_m))])
    return Walk("w", answers, true), Estimate(position_m, true.floor, true.place, np.full(len(said_m), 2.0))


def test_figures_of_a_walk() -> None:
    walk, said = walk_along_x([0, 5, 10, 15], [0, 4, 10, 12], "1122", "abab")
    said = said._replace(floor=np.array([*"1112"]), place=np.array([*"abaa"]))
    figures = track_figures([walk], [said])
    hour = 15.0 / 3600
    assert figures["mean_m"] == pytest.approx(1.0)
    assert figures["jumps"] == pytest.approx(1 / hour), "from 4 m to 10 m"
    assert figures["floor_switches"] == pytest.approx(1 / hour)
    assert figures["place_switches"] == pytest.approx(2 / hour)
    assert figures["place_flaps"] == pytest.approx(1 / hour)
    assert (figures["floor_right"], figures["place_right"]) == (0.75, 0.75)
    assert figures["floor_lag_s"] == 5.0
    assert figures["lag_s"] == pytest.approx((1 + 0 + 3) / 3), "metres behind, at 1 m/s"
    assert figures["coverage"] == 0.75
    assert math.isnan(figures["standing_m"])


def test_standing_is_measured_around_the_mean_of_a_stay() -> None:
    walk, said = walk_along_x([0, 0, 0, 0, 9], [1, -1, 1, -1, 9], "11111", "aaaaa")
    assert track_figures([walk], [said])["standing_m"] == pytest.approx(1.0)


def test_cells_are_rooms_with_outlines() -> None:
    cells = Cells()
    assert (
        cells.room_at(12.0, -3.0, "4") == cell_names(np.array(["4"]), np.array([[12.0, -3.0]]))[0] == "4 2 -1"
    )
    assert cells.distance_m("4 2 -1", 12.0, -3.0, "4") == 0.0
    assert cells.distance_m("4 2 -1", 18.0, 4.0, "4") == pytest.approx(5.0)
    assert cells.distance_m("4 2 -1", 12.0, -3.0, "5") == math.inf


@pytest.mark.parametrize("name", COMPARED)
def test_every_track_ends_where_a_standing_device_is(name: str) -> None:
    walk, _ = walk_along_x([7.0] * 200, [7.0] * 200, "1" * 200, "a" * 200)
    estimate = COMPARED[name](walk)
    assert estimate.position_m.shape == (200, 2)
    assert estimate.position_m[-1] == pytest.approx([7.0, 0.0], abs=0.01)
