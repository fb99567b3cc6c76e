"""Measure the choices for matcher and blend on held-out training scans, for research/matcher.md.

    python -m benchmarks.choices

The choices are: how long a pretrained matcher learns, whether simulated buildings among its sources help, how
long the blend's network learns, and how much it counts beside the matcher. Some scans of a training split are
the radio map and others are located. In a whole survey these are the scans of held-out reference points.
Finished rows of results/choices.csv are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration import pretrained_on_others
from benchmarks.documented.pages import write_page
from benchmarks.result_rows import read_rows, write_rows
from tutelage import FingerprintSet, Localizer, PretrainedMatcher, RunOptions, Survey, load, pretrain
from tutelage.data.splits import reference_points, split_by_position
from tutelage.data.surveys import simulated_survey
from tutelage.experiments.buildings import matcher_sources
from tutelage.methods.blend import BlendSettings
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe

RESULTS = Path("results/choices.csv")
PAGE = "research/matcher.md"
FRACTIONS = {
    "ujiindoorloc": (0.01, 0.03, 0.1, 1.0),
    "tampere": (0.1, 0.3, 1.0),
    "tut6": (0.01, 0.03, 0.1, 1.0),
}
SEEDS = (1, 2)
N_TEST_SCANS = 600
HELD_OUT = 0.15
EPOCHS = (400, 800, 1600)
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SIMULATED = 6
AS_IT_IS = {"fine_tune": False, "sharpness": 1.25}  # the same on every radio map, to compare matchers
_ONE_CYCLE = {"schedule": "one_cycle", "learning_rate": 2e-3, "averaged": 0.0}
LESSONS: dict[str, dict[str, Any]] = {
    "31 rounds, each twice": {"updates": 1000, "passes": 2, **_ONE_CYCLE},
    "125 rounds, each once": _ONE_CYCLE,
    "the same, weights averaged": {},
}
COLUMNS = ("survey", "fraction", "seed", "n_scans", "n_points", "choice", "value", "mae_m")

Row = Mapping[str, Any]


def divide(train: FingerprintSet, fraction: float, seed: int) -> tuple[FingerprintSet, FingerprintSet]:
    """Return a radio map, and at most `N_TEST_SCANS` scans to locate."""
    rng = np.random.default_rng(seed)
    if fraction == 1:
        map_rows, test_rows = split_by_position(train, HELD_OUT, seed)
        test_rows = rng.permutation(test_rows)
    else:
        order = rng.permutation(len(train))
        n = round(fraction * len(train))
        map_rows = order[:n]
        test_rows = order[n:]
    return train[np.sort(map_rows)], train[np.sort(test_rows[:N_TEST_SCANS])]


def simulated_building(number: int) -> Survey:
    """Simulate a building whose size, walls, radio and phones are drawn at random."""
    rng = np.random.default_rng(number)
    building = {
        "n_floors": int(rng.integers(1, 6)),
        "width_m": rng.uniform(30, 200),
        "depth_m": rng.uniform(20, 100),
        "room_m": tuple(rng.uniform(3, 12, 2)),
        "n_access_points": int(rng.integers(30, 300)),
        "exponent": rng.uniform(2, 3.5),
        "wall_loss_db": rng.uniform(2, 7),
        "shadowing_db": rng.uniform(3, 8),
        "shadowing_m": rng.uniform(3, 15),
        "body_loss_db": rng.uniform(2, 10),
        "device_offset_db": rng.uniform(2, 6),
        "fading_db": rng.uniform(1, 5),
        "n_train": int(rng.integers(500, 3000)),
        "n_test": 1,
    }
    return replace(simulated_survey(number, **building), name=f"simulated {number}")


@cache
def pretrain_by(survey: str, seed: int, lesson: str) -> PretrainedMatcher:
    """Pretrain on other buildings by one of the lessons."""
    settings = LESSONS[lesson]
    if MatcherRecipe.for_pretraining(settings) == MatcherRecipe.for_pretraining():
        return pretrained_on_others(survey, seed)
    sources = [load(name) for name in matcher_sources(survey)]
    return pretrain(sources, settings=settings, run=RunOptions(seed=seed))


@cache
def pretrain_with_simulated(survey: str, seed: int) -> PretrainedMatcher:
    """Pretrain on other buildings, with simulated ones among them."""
    real = [load(name) for name in matcher_sources(survey)]
    simulated = [simulated_building(number) for number in range(SIMULATED)]
    return pretrain([*real, *simulated], run=RunOptions(seed=seed))


@dataclass(frozen=True, eq=False)
class Trial:
    """A radio map, scans to locate, and a matcher that never saw the building."""

    survey: str
    seed: int
    radio_map: FingerprintSet
    test_scans: FingerprintSet
    pretrained: PretrainedMatcher

    def locate(self, method: str, pretrained: PretrainedMatcher | None = None, **settings: Any) -> np.ndarray:
        """Return positions [n, 2] by a method that learns the radio map, after a pretrained matcher."""
        model = Localizer(
            method,
            pretrained="zoo" if pretrained is None else pretrained,
            settings=settings,
            run=RunOptions(seed=self.seed, device="cpu"),
            calibrate=False,
        )
        return model.fit(self.radio_map).method_.locate(self.test_scans).position_m

    def locate_beside(self, epochs: int) -> np.ndarray:
        """Return positions [n, 2] by the blend's network alone."""
        settings = BlendSettings(network_epochs=epochs)
        return self._locate_after(settings.updates_for(settings.lesson({}), len(self.radio_map)))

    @cache  # noqa: B019 - a survey's network may have the same length for several numbers of epochs
    def _locate_after(self, updates: int) -> np.ndarray:
        return self.locate("dnn", updates=updates, rss_min_dbm=BlendSettings().not_heard_dbm(self.radio_map))


Answers = Iterable[tuple[float | str, np.ndarray]]


def by_lesson(trial: Trial) -> Answers:
    for lesson in LESSONS:
        yield lesson, trial.locate("matcher", pretrain_by(trial.survey, trial.seed, lesson), **AS_IT_IS)


def by_simulated(trial: Trial) -> Answers:
    with_simulated = pretrain_with_simulated(trial.survey, trial.seed)
    for n, pretrained in (0, trial.pretrained), (SIMULATED, with_simulated):
        yield n, trial.locate("matcher", pretrained, **AS_IT_IS)


def by_epochs(trial: Trial) -> Answers:
    for epochs in EPOCHS:
        yield epochs, trial.locate_beside(epochs)


def by_share(trial: Trial) -> Answers:
    matcher_m = trial.locate("matcher", trial.pretrained, fine_tune=True)
    network_m = trial.locate_beside(BlendSettings().network_epochs)
    for share in SHARES:
        yield share, (1 - share) * matcher_m + share * network_m


CHOICES: dict[str, Callable[[Trial], Answers]] = {
    "lesson": by_lesson,
    "simulated": by_simulated,
    "epochs": by_epochs,
    "share": by_share,
}


@lru_cache(maxsize=1)  # one choice of a radio map follows the other
def make_trial(survey: str, fraction: float, seed: int) -> Trial:
    """Make the trial that all choices of a radio map share."""
    train = load(survey).train
    radio_map, test_scans = divide(train[train.n_heard > 0], fraction, seed)
    return Trial(survey, seed, radio_map, test_scans, pretrained_on_others(survey, seed))


def measure_rows(survey: str, fraction: float, seed: int, choice: str) -> Iterable[Row]:
    """Measure all values of a choice on one radio map."""
    trial = make_trial(survey, fraction, seed)
    n_points = int(reference_points(trial.radio_map).max()) + 1
    key = {
        "survey": survey,
        "fraction": fraction,
        "seed": seed,
        "n_scans": len(trial.radio_map),
        "n_points": n_points,
    }
    for value, position_m in CHOICES[choice](trial):
        error_m = float(np.linalg.norm(position_m - trial.test_scans.known_position_m, axis=1).mean())
        yield {**key, "choice": choice, "value": value, "mae_m": round(error_m, 3)}


def main() -> None:
    """Measure the rows that are missing, then write the page."""
    rows: list[Row] = [*read_rows(RESULTS)]
    order = [
        (survey, fraction, seed, choice)
        for survey in FRACTIONS
        for fraction in FRACTIONS[survey]
        for seed in SEEDS
        for choice in CHOICES
    ]

    def place(row: Row) -> int:
        return order.index((row["survey"], float(row["fraction"]), int(row["seed"]), row["choice"]))

    finished = {order[place(row)] for row in rows}
    for key in order:
        if key in finished:
            continue
        rows.extend(measure_rows(*key))
        print(*key, flush=True)
        rows.sort(key=place)
        write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
