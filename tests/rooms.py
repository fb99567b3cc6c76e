"""Simulated surveys of named places alone, for tests of what is said of rooms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import simulated_survey

__all__ = ["first_of_each", "in_rooms", "rooms_survey"]


def in_rooms(scans: FingerprintSet, side_m: float = 10.0) -> FingerprintSet:
    """Forget positions; each scan names the room, a square cell, that it lies in."""
    cell = np.floor(scans.absolute_position_m / side_m).astype(int)
    return replace(scans, position_m=None, floor=None, place=np.array([f"room {x}-{y}" for x, y in cell]))


def first_of_each(scans: FingerprintSet, n: int) -> FingerprintSet:
    """The first scans of each room."""
    rows = [np.flatnonzero(scans.known_place == place)[:n] for place in np.unique(scans.known_place)]
    return scans[np.sort(np.concatenate(rows))]


def rooms_survey() -> Survey:
    """Six rooms of one floor, about 240 training scans and 60 test scans of the unchanged building."""
    office = simulated_survey(
        seed=6,
        n_train=240,
        n_test=60,
        n_access_points=16,
        n_floors=1,
        width_m=30,
        depth_m=20,
        churn=0.0,
        device_offset_db=0.0,
    )
    assert office.test is not None
    return Survey("rooms", in_rooms(office.train), in_rooms(office.test))
