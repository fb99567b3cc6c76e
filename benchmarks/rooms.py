"""Measure how often methods name the right room, beside the classifiers that other tools use.

    python -m benchmarks.rooms [--only "SET;SET"] [--methods random_forest,svc,...] [--seeds 3]

Rooms of UJIIndoorLoc are asked about by users who did not survey. WiFine and the library have no rooms, so
square cells of 5 m of a floor stand for them. The first set is what a user of FIND3 had. No scan has a
position. Matchers and blends start from a matcher that did not learn in the building. The pretrained matcher
learns nothing there. Rows of results/rooms.csv that exist are kept.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pyarrow import csv

from benchmarks.calibration import pretrained_on_others
from benchmarks.cases_folder import cases_folder
from benchmarks.result_rows import read_rows, write_rows
from benchmarks.room_classifiers import CLASSIFIERS, answers_of
from benchmarks.room_figures import place_figures
from tutelage import FingerprintSet, Localizer, RunOptions, load
from tutelage.data.sets.cached_sets import require_files
from tutelage.data.sets.public_sets import public_dataset
from tutelage.data.surveys import read_scans
from tutelage.runtime.places import PlaceAnswers

RESULTS = Path("results/rooms.csv")
COLUMNS = (
    *("set", "method", "seed", "n_train", "n_places", "n", "place_hit", "place_balanced"),
    *("place_set_coverage", "place_set_size", "ece", "settings", "seconds"),
)
LEVEL = 0.95
CELL_M = 5.0
MOST_SCANS = 2000
SURVEYED_USERS = 2 / 3
FIND3 = "01-find3-rooms"
OURS: dict[str, tuple[str, dict[str, Any]]] = {
    "knn": ("knn", {}),
    "default": ("blend", {}),
    "fine_tuned_matcher": ("matcher", {"fine_tune": True}),
    "fine_tuned_blend": ("blend", {"matcher.fine_tune": True}),
    "pretrained_matcher": ("matcher", {"fine_tune": False}),
}

Rooms = tuple[FingerprintSet, FingerprintSet]


class RoomSet(NamedTuple):
    """Scans to learn and to ask about, both with places.

    Attributes
    ----------
    cut : callable
        Returns the two for a seed.
    building : str
        The public set whose building no matcher may know; "" if no public set is of it.
    is_drawn : bool
        Whether the seed draws any scan.
    """

    cut: Callable[[int], Rooms]
    building: str
    is_drawn: bool = True


def rooms_of_users(seed: int, per_room: int | None = None) -> Rooms:
    """Learn two thirds of UJIIndoorLoc's users, and ask scans of the others in rooms that these surveyed."""
    scans = _with_spaces(load("ujiindoorloc").train)
    assert scans.user is not None
    rng = np.random.default_rng(seed)
    users = np.unique(scans.user)
    surveyed = np.isin(scans.user, rng.permutation(users)[: round(SURVEYED_USERS * len(users))])
    train = scans[surveyed & (scans.n_heard > 0)]
    asked = _some(_at_places_of(train, scans[~surveyed]), rng)
    return train if per_room is None else _few(train, per_room, rng), asked


def cells_of(learnt: str, asked: str, seed: int) -> Rooms:
    """Learn a public survey cut into square cells, and ask test scans in cells that have training scans."""
    train, test = load(learnt).train, load(asked).test
    assert test is not None
    train, test = (_in_cells(scans) for scans in (train, test.in_frame(train.frame)))
    return train, _some(_at_places_of(train, test), np.random.default_rng(seed))


def rooms_of_find3(_seed: int) -> Rooms:
    """Learn and ask what a user of FIND3 recorded."""
    folder = cases_folder()
    assert folder is not None, "no folder of cases; set TUTELAGE_CASES"
    scans = [
        read_scans(folder / FIND3 / name, with_positions=False) for name in ("home.jsons", "later.jsons")
    ]
    return scans[0], scans[1]


@cache
def _space_ids() -> np.ndarray:
    """Return SPACEID of each training scan of UJIIndoorLoc, [n] str; the package does not read it."""
    file = require_files(public_dataset("ujiindoorloc"), None, progress=True)["trainingData.csv"]
    options = csv.ConvertOptions(include_columns=["SPACEID"])
    table = csv.read_csv(io.BytesIO(file.read_bytes()), convert_options=options)
    return np.asarray(table["SPACEID"].to_numpy()).astype(np.str_)


def _with_spaces(scans: FingerprintSet) -> FingerprintSet:
    assert scans.building is not None
    assert scans.floor is not None
    parts = zip(scans.building.tolist(), scans.floor.tolist(), _space_ids().tolist(), strict=True)
    return replace(scans, place=np.array(["-".join(part) for part in parts]), position_m=None)


def _in_cells(scans: FingerprintSet) -> FingerprintSet:
    cell = np.floor(scans.absolute_position_m * scans.frame.ground_scale / CELL_M).astype(int)
    floor = np.full(len(scans), "") if scans.floor is None else scans.floor
    parts = zip(floor.tolist(), cell.tolist(), strict=True)
    return replace(scans, place=np.array([f"{f} {x} {y}" for f, (x, y) in parts]), position_m=None)


def _at_places_of(train: FingerprintSet, asked: FingerprintSet) -> FingerprintSet:
    return asked[np.isin(asked.known_place, train.known_place)]


def _some(scans: FingerprintSet, rng: np.random.Generator) -> FingerprintSet:
    return scans[np.sort(rng.permutation(len(scans))[:MOST_SCANS])]


def _few(scans: FingerprintSet, n: int, rng: np.random.Generator) -> FingerprintSet:
    """Keep at most n scans of each place."""
    place = np.unique(scans.known_place, return_inverse=True)[1]
    order = np.lexsort((rng.random(len(place)), place))
    nth = np.arange(len(order)) - np.searchsorted(place[order], place[order])
    return scans[np.sort(order[nth < n])]


SETS = {
    "FIND3, 3 rooms": RoomSet(rooms_of_find3, "", is_drawn=False),
    "library, cells of 5 m, a month later": RoomSet(
        lambda seed: cells_of("uji_library:1", "uji_library:2", seed), "uji_library:1"
    ),
    "WiFine, cells of 5 m": RoomSet(lambda seed: cells_of("wifine", "wifine", seed), "wifine"),
    "UJIIndoorLoc, rooms": RoomSet(rooms_of_users, "ujiindoorloc"),
    "UJIIndoorLoc, rooms, 10 scans a room": RoomSet(lambda seed: rooms_of_users(seed, 10), "ujiindoorloc"),
    "UJIIndoorLoc, rooms, 3 scans a room": RoomSet(lambda seed: rooms_of_users(seed, 3), "ujiindoorloc"),
    "UJIIndoorLoc, rooms, 1 scan a room": RoomSet(lambda seed: rooms_of_users(seed, 1), "ujiindoorloc"),
}


def _own_answers(
    method: str, train: FingerprintSet, asked: FingerprintSet, seed: int, building: str
) -> tuple[PlaceAnswers, str]:
    registered, settings = OURS[method]
    starts = registered != "knn"
    model = Localizer(
        registered,
        pretrained=pretrained_on_others(building, seed) if starts and building else "zoo",
        settings=settings,
        run=RunOptions(seed=seed, device="cpu", progress=False),
    ).fit(train)
    places = model.predict(asked, level=LEVEL).places
    assert places is not None
    return places, "; ".join(f"{name}={value}" for name, value in settings.items())


def measured_row(name: str, method: str, seed: int) -> dict[str, str]:
    """Fit one method to one set, and ask it about the set's scans."""
    room_set = SETS[name]
    train, asked = room_set.cut(seed)
    began = time.monotonic()
    if method in CLASSIFIERS:
        answers, settings = answers_of(method, train, asked, seed, LEVEL)
    else:
        answers, settings = _own_answers(method, train, asked, seed, room_set.building)
    seconds = time.monotonic() - began
    figures = place_figures(answers, asked.known_place)
    return {
        "set": name,
        "method": method,
        "seed": str(seed),
        "n_train": str(len(train)),
        "n_places": str(len(answers.name)),
        "n": str(len(asked)),
        **{column: "" if value is None else f"{value:.4f}" for column, value in figures.items()},
        "settings": settings,
        "seconds": f"{seconds:.1f}",
    }


def main() -> None:
    """Measure the rows that are missing; each is written at once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="names of sets, separated by semicolons")
    parser.add_argument("--methods", default=",".join((*CLASSIFIERS, *OURS)))
    parser.add_argument("--seeds", type=int, default=3, help="0 to N - 1; a set without a draw has seed 0")
    arguments = parser.parse_args()
    for name in [name for name in arguments.only.split(";") if name] or SETS:
        for seed in range(arguments.seeds if SETS[name].is_drawn else 1):
            for method in arguments.methods.split(","):
                rows = read_rows(RESULTS)
                if (name, method, str(seed)) in {(row["set"], row["method"], row["seed"]) for row in rows}:
                    continue
                row = measured_row(name, method, seed)
                write_rows(RESULTS, COLUMNS, [*rows, row])
                print(*(f"{column} {row[column]}" for column in COLUMNS if row[column]), flush=True)


if __name__ == "__main__":
    main()
