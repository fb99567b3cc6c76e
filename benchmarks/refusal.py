"""docs/calibration.md's margin of refusals: what each power of the similarity refuses of training scans.

    python -m benchmarks.refusal

Of UJIIndoorLoc's building 0, users are held out: their phones are at home, and should be answered. So should
the library's training scans of later months. Training scans of other buildings should be refused.
"""

from __future__ import annotations

import numpy as np

from tutelage import FingerprintSet, Localizer, load
from tutelage.methods.calibration.trial import MARGIN
from tutelage.runtime.landmarks import nearest_distance

POWERS, MONTHS, DRAWS, USERS = (1, 2, 3), (6, 12, 18, 24), 4, 3
KNN = {"metric": "sorensen", "representation": "powed", "k": 10}


def refused(model: Localizer, scans: FingerprintSet) -> list[float]:
    """The share of the scans refused, a power each; of those that hear what the model knows."""
    known = model.calibration_
    assert known is not None
    asked = scans.aligned_to(model.access_points_)
    asked = asked[asked.n_heard > 0]
    similarity = 1 - nearest_distance(known.landmarks.similarity(asked.rss_dbm))
    least = (1 - known.farthest) ** (1 / MARGIN)
    return [float((similarity < least**power).mean()) for power in POWERS]


def main() -> None:
    """A line for each kind of scans."""
    train = load("ujiindoorloc").train
    assert train.building is not None
    assert train.user is not None
    home, away = train[train.building == "0"], train[train.building != "0"]
    assert home.user is not None
    users = np.unique(home.user)
    found: dict[str, list[list[float]]] = {}
    for draw in range(DRAWS):
        held = np.isin(
            home.user, np.random.default_rng(draw).choice(users, min(USERS, len(users) - 1), False)
        )
        model = Localizer("knn", settings=KNN, seed=draw).fit(home[~held])
        found.setdefault("other users, to be answered", []).append(refused(model, home[held]))
        found.setdefault("other buildings, to be refused", []).append(refused(model, away))
    model = Localizer("knn", settings=KNN).fit(load("uji_library:1"))
    for month in MONTHS:
        shares = refused(model, load(f"uji_library:{month}").train)
        found.setdefault("later months, to be answered", []).append(shares)
    print("| refused of | " + " | ".join(f"power {power}" for power in POWERS) + " |")
    print("|---|" + "---|" * len(POWERS))
    for words, shares in found.items():
        cells = [f"{np.mean(each):.1%} (up to {max(each):.1%})" for each in zip(*shares, strict=True)]
        print(f"| {words} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
