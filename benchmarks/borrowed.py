"""Measure how phones differ from each other, and how much farther off other days are, for calibrations.

    python -m benchmarks.borrowed

Phones: of each device of a public survey, how much louder or fainter it hears than all others
(`measure_drift`'s common offset, of k-NN without the device); the value is the standard deviation over the
devices. Days: places are held out of the scans of one day. k-NN learns the rest and locates that day's scans
there, and those of other days at the same places; the value is the median ratio of their mean errors. The
package lends the values to surveys that lack phones or days (borrowed.csv beside
`tutelage.methods.calibration`); each device and day is a row of results/borrowed.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median, pstdev

import numpy as np

from benchmarks.result_rows import write_rows
from tutelage import FingerprintSet, Localizer, RunOptions, load, measure_drift
from tutelage.data.hold_out import hold_out
from tutelage.data.splits import n_reference_points
from tutelage.data.survey_places import distance_m
from tutelage.methods.knn import KNNSettings, NearestNeighbours

RESULTS = Path("results/borrowed.csv")
SHIPPED = Path("src/tutelage/methods/calibration/borrowed.csv")
PHONES = ("tampere", "ujiindoorloc")
DAYS = ("ujiindoorloc", "tampere", "uji_library:1")
KNN = KNNSettings(metric="sorensen", representation="powed", k=5)
HELD_OUT = 0.3
SEEDS = 5
FEWEST_POINTS = 20
FEWEST_QUERIES = 100
MOST_QUERIES = 500
NEAR_M = 2.0  # the same place
MOST_LEARNT = 6000
FEWEST_SCANS = 40
REACH_M = 5.0


def offsets_db(name: str) -> Iterator[tuple[str, float]]:
    """Yield each device's offset from the others in dB."""
    scans = load(name).train
    assert scans.device is not None
    scans = scans[scans.n_heard > 0]
    for device in np.unique(scans.device):
        is_own = scans.device == device
        rest = _some(scans[~is_own], MOST_LEARNT)
        own = scans[is_own]
        own = _some(own[distance_m(rest, own) <= REACH_M], MOST_QUERIES)
        if len(own) < FEWEST_SCANS:
            continue
        run = RunOptions(device="cpu", progress=False)
        model = Localizer("knn", settings=KNN.model_dump(), run=run, calibrate=False).fit(rest)
        offset_db = measure_drift(model, own).shifts.common_db
        if offset_db is not None:
            yield str(device), offset_db


def day_ratios(name: str) -> Iterator[tuple[str, float]]:
    """Yield, for each day with enough places, the errors of other days over its own."""
    scans = load(name).train
    assert scans.time is not None
    day = scans.time.astype("datetime64[D]").astype(np.str_)
    for each in np.unique(day):
        found = ratio(scans[day == each], scans[day != each])
        if found is not None:
            yield str(each), found


def _some(scans: FingerprintSet, most: int) -> FingerprintSet:
    return scans[np.sort(np.random.default_rng(0).permutation(len(scans))[:most])]


def ratio(own: FingerprintSet, others: FingerprintSet) -> float | None:
    """Compare errors of own and other scans at the same places, held out of the map; None if few."""
    own = own[own.n_heard > 0]
    if n_reference_points(own) < FEWEST_POINTS:
        return None
    others = others.in_frame(own.frame).aligned_to(own.access_points)
    others = others[others.n_heard > 0]
    near = others[distance_m(own, others) <= NEAR_M] if len(others) else others
    own_m, others_m = [], []
    for seed in range(SEEDS):
        division = hold_out(own, HELD_OUT, seed, across_phones=False)
        asked = own[division.held_out]
        at_same = near[distance_m(asked, near) <= NEAR_M] if len(near) else near
        if not len(at_same):
            continue
        some = np.sort(np.random.default_rng(seed).permutation(len(at_same))[:MOST_QUERIES])
        model = NearestNeighbours.fit(own[division.rest], KNN)
        own_m.append(errors_m(model, asked))
        others_m.append(errors_m(model, at_same[some]))
    if sum(map(len, others_m)) < FEWEST_QUERIES:
        return None
    return float(np.mean([each.mean() for each in others_m]) / np.mean([each.mean() for each in own_m]))


def errors_m(model: NearestNeighbours, scans: FingerprintSet) -> np.ndarray:
    """Return the errors of scans in metres."""
    offset_m = model.locate(scans).position_m - scans.known_position_m
    return np.asarray(np.linalg.norm(offset_m, axis=1))


def main() -> None:
    """Write a row for each device and day, and the values that the package ships."""
    rows = []
    shipped = []
    for lack, names, measure, summary in (
        ("phone", PHONES, offsets_db, pstdev),
        ("day", DAYS, day_ratios, median),
    ):
        for name in names:
            found = list(measure(name))
            rows += [
                {"survey": name, "lack": lack, "part": part, "value": f"{value:.3f}"} for part, value in found
            ]
            value = summary([each for _, each in found])
            name = name.partition(":")[0]
            shipped.append(
                {"survey": name, "lack": lack, "value": f"{value:.2f}", "n_trials": str(len(found))}
            )
            print(*shipped[-1].values(), flush=True)
    write_rows(RESULTS, list(rows[0]), rows)
    write_rows(SHIPPED, list(shipped[0]), shipped)


if __name__ == "__main__":
    main()
