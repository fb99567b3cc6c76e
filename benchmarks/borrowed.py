"""Measure how much farther off other phones and other days are than a survey of one phone or one day says.

    python -m benchmarks.borrowed

Of a part of a public survey that one phone took, or one day, places are held out (whole walks where it was
walked). k-NN learns the rest and locates the part's own scans there, and those of the other phones or days
at the same places. The ratio is of their mean errors, over five hold-outs. The medians are what the package
lends to surveys that lack phones or days (borrowed.csv beside `tutelage.methods.calibration`); each trial is
a row of results/borrowed.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import write_rows
from tutelage import FingerprintSet, load
from tutelage.data.hold_out import hold_out, walks
from tutelage.data.splits import n_reference_points
from tutelage.data.survey_places import distance_m
from tutelage.methods.knn import KNNSettings, NearestNeighbours

RESULTS = Path("results/borrowed.csv")
SHIPPED = Path("src/tutelage/methods/calibration/borrowed.csv")
PAGE = "research/calibration.md"
KNN = KNNSettings(metric="sorensen", representation="powed", k=5)
HELD_OUT = 0.3
SEEDS = 5
FEWEST_POINTS = 20
FEWEST_QUERIES = 100
MOST_QUERIES = 500
NEAR_M = 2.0  # the same place
WALKS = 30  # of one draw
DRAWS = 10
MOST_TRIALS = 20  # of a survey

Parts = Iterator[tuple[str, FingerprintSet, FingerprintSet]]


def labelled(scans: FingerprintSet, label: np.ndarray) -> Parts:
    """Yield each label's scans, and all others."""
    names, counts = np.unique(label, return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")][:MOST_TRIALS]:
        is_own = label == name
        yield str(name), scans[is_own], scans[~is_own]


def drawn_walks(scans: FingerprintSet, others: FingerprintSet) -> Parts:
    """Yield draws of walks, and the walks of another split."""
    walk = walks(scans)
    for draw in range(DRAWS):
        some = np.random.default_rng(draw).choice(int(walk.max()) + 1, WALKS, replace=False)
        yield f"{WALKS} walks, draw {draw}", scans[np.isin(walk, some)], others


def trials() -> Iterator[tuple[str, str, Parts]]:
    """Yield the surveys that can tell, with what they can tell about."""
    ujiindoorloc, tampere, wifine = (load(name) for name in ("ujiindoorloc", "tampere", "wifine"))
    library = load("uji_library:1").train
    assert ujiindoorloc.train.user is not None
    assert tampere.train.device is not None
    yield "ujiindoorloc", "phone", labelled(ujiindoorloc.train, ujiindoorloc.train.user)
    yield "tampere", "phone", labelled(tampere.train, tampere.train.device)
    assert wifine.test is not None
    yield "wifine", "phone", drawn_walks(wifine.train, wifine.test)
    for name, scans in (
        ("ujiindoorloc", ujiindoorloc.train),
        ("tampere", tampere.train),
        ("uji_library", library),
    ):
        assert scans.time is not None
        yield name, "day", labelled(scans, scans.time.astype("datetime64[D]").astype(np.str_))


def ratio(own: FingerprintSet, others: FingerprintSet) -> dict[str, str] | None:
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
    held_m, found_m = (float(np.mean([each.mean() for each in errors])) for errors in (own_m, others_m))
    figures = {"own_m": held_m, "others_m": found_m, "ratio": found_m / held_m}
    return {"n": str(sum(map(len, others_m))), **{name: f"{value:.3f}" for name, value in figures.items()}}


def errors_m(model: NearestNeighbours, scans: FingerprintSet) -> np.ndarray:
    """Return the errors of scans in metres."""
    offset_m = model.locate(scans).position_m - scans.known_position_m
    return np.asarray(np.linalg.norm(offset_m, axis=1))


def main() -> None:
    """Write a row for each trial, and the medians that the package ships."""
    rows = []
    shipped = []
    for survey, lack, parts in trials():
        found = []
        for part, own, others in parts:
            figures = ratio(own, others)
            if figures is not None:
                found.append({"survey": survey, "lack": lack, "part": part, **figures})
        if found:
            middle = median(float(row["ratio"]) for row in found)
            shipped.append(
                {"survey": survey, "lack": lack, "ratio": f"{middle:.2f}", "n_trials": str(len(found))}
            )
            print(*shipped[-1].values(), flush=True)
        rows += found
    write_rows(RESULTS, list(rows[0]), rows)
    write_rows(SHIPPED, list(shipped[0]), shipped)
    write_page(PAGE)


if __name__ == "__main__":
    main()
