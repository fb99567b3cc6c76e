"""Measure which training scans each power of the similarity refuses, for research/calibration.md.

    python -m benchmarks.refusal

Some users of UJIIndoorLoc's building 0 are held out. Their scans should be answered, and so should the
library's training scans of later months. Training scans of other buildings should be refused.
"""

from __future__ import annotations

import numpy as np

from tutelage import FingerprintSet, Localizer, RunOptions, load
from tutelage.methods.calibration.trial import MARGIN
from tutelage.runtime.landmarks import nearest_distance

POWERS = (1, 2, 3)
MONTHS = (6, 12, 18, 24)
DRAWS = 4
USERS = 3
KNN = {"metric": "sorensen", "representation": "powed", "k": 10}


def refused_shares(model: Localizer, scans: FingerprintSet) -> list[float]:
    """Return the share of scans that each power refuses, among those with an access point of the model."""
    calibration = model.calibration_
    assert calibration is not None
    aligned = scans.aligned_to(model.access_points_)
    aligned = aligned[aligned.n_heard > 0]
    similarity = 1 - nearest_distance(calibration.landmarks.similarity(aligned.rss_dbm))
    least = (1 - calibration.farthest) ** (1 / MARGIN)
    return [float((similarity < least**power).mean()) for power in POWERS]


def main() -> None:
    """Print a line for each kind of scans."""
    train = load("ujiindoorloc").train
    assert train.building is not None
    assert train.user is not None
    home = train[train.building == "0"]
    away = train[train.building != "0"]
    assert home.user is not None
    users = np.unique(home.user)
    shares_by_kind: dict[str, list[list[float]]] = {}
    for draw in range(DRAWS):
        is_held_out = np.isin(
            home.user, np.random.default_rng(draw).choice(users, min(USERS, len(users) - 1), False)
        )
        model = Localizer("knn", settings=KNN, run=RunOptions(seed=draw)).fit(home[~is_held_out])
        shares_by_kind.setdefault("other users, to be answered", []).append(
            refused_shares(model, home[is_held_out])
        )
        shares_by_kind.setdefault("other buildings, to be refused", []).append(refused_shares(model, away))
    model = Localizer("knn", settings=KNN).fit(load("uji_library:1"))
    for month in MONTHS:
        shares_by_kind.setdefault("later months, to be answered", []).append(
            refused_shares(model, load(f"uji_library:{month}").train)
        )
    print("| refused of | " + " | ".join(f"power {power}" for power in POWERS) + " |")
    print("|---|" + "---|" * len(POWERS))
    for words, shares in shares_by_kind.items():
        cells = [f"{np.mean(each):.1%} (up to {max(each):.1%})" for each in zip(*shares, strict=True)]
        print(f"| {words} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
