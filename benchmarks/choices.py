"""docs/matcher.md's choices for matcher and blend, each by its error on training scans that were held out.

    python -m benchmarks.choices

How long a pretrained matcher learns, and whether simulated buildings among its sources help; how long the
blend's network goes through a survey; how much it counts beside the matcher. Some scans of a training split
are the radio map, others are asked about; of a whole survey, those of reference points held out. Finished
rows of results/choices.csv are kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.calibration import taught_elsewhere
from benchmarks.keeping import keep_rows, kept_rows, put_into_page
from tutelage import FingerprintSet, Localizer, Survey, load
from tutelage.data.splits import reference_points, split_by_position
from tutelage.data.surveys import simulated_survey
from tutelage.experiments.buildings import sources_of_matcher
from tutelage.methods.blend import BlendSettings
from tutelage.methods.matcher import MatcherRecipe, PretrainedMatcher, pretrain
from tutelage.training import RunOptions

RESULTS, PAGE = Path("results/choices.csv"), Path("docs/matcher.md")
FRACTIONS = {
    "ujiindoorloc": (0.01, 0.03, 0.1, 1.0),
    "tampere": (0.1, 0.3, 1.0),
    "tut6": (0.01, 0.03, 0.1, 1.0),
}
SEEDS, ASKED, HELD_OUT = (1, 2), 600, 0.15
EPOCHS, SHARES = (400, 800, 1600), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SIMULATED = 6
AS_IT_IS = {"fine_tune": False, "sharpness": 1.25}  # the same on every radio map: teachers are compared
_ONE_CYCLE = {"schedule": "one_cycle", "learning_rate": 2e-3, "averaged": 0.0}
LESSONS: dict[str, dict[str, Any]] = {
    "31 rounds, each twice": {"updates": 1000, "passes": 2, **_ONE_CYCLE},
    "125 rounds, each once": _ONE_CYCLE,
    "the same, weights averaged": {},
}
HEADS = {
    "lesson": "matcher of other buildings, by its teacher's lesson",
    "simulated": "matcher of other buildings, by the simulated ones among them",
    "epochs": "the blend's network, by `network_epochs`",
    "share": "blend of both, by the network's share",
}
COLUMNS = ("survey", "fraction", "seed", "n_scans", "n_points", "choice", "value", "mae_m")

Row = Mapping[str, Any]


def parted(train: FingerprintSet, fraction: float, seed: int) -> tuple[FingerprintSet, FingerprintSet]:
    """A radio map, and at most `ASKED` scans to ask about."""
    rng = np.random.default_rng(seed)
    if fraction == 1:
        rest, held = split_by_position(train, HELD_OUT, seed)
        held = rng.permutation(held)
    else:
        order = rng.permutation(len(train))
        n = round(fraction * len(train))
        rest, held = order[:n], order[n:]
    return train[np.sort(rest)], train[np.sort(held[:ASKED])]


def simulated_building(number: int) -> Survey:
    """One of many kinds: size, walls, radio and phones are drawn."""
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
def taught_by(survey: str, seed: int, lesson: str) -> PretrainedMatcher:
    """As `taught_elsewhere`, by one of the lessons."""
    recipe = MatcherRecipe.for_pretraining(LESSONS[lesson])
    if recipe == MatcherRecipe.for_pretraining():
        return taught_elsewhere(survey, seed)
    return pretrain([load(name) for name in sources_of_matcher(survey)], recipe, RunOptions(seed=seed))


@cache
def taught_with_simulated(survey: str, seed: int) -> PretrainedMatcher:
    """As `taught_elsewhere`, with simulated buildings among the sources."""
    real = [load(name) for name in sources_of_matcher(survey)]
    simulated = [simulated_building(number) for number in range(SIMULATED)]
    return pretrain([*real, *simulated], options=RunOptions(seed=seed))


@dataclass(frozen=True, eq=False)
class Asked:
    """A radio map, the scans asked about, and a teacher that never saw the building."""

    survey: str
    seed: int
    own: FingerprintSet
    asked: FingerprintSet
    teacher: PretrainedMatcher

    def located(self, network: str, *teachers: PretrainedMatcher, **settings: Any) -> np.ndarray:
        """[n, 2] by what these teach, or by the radio map alone."""
        how: dict[str, Any] = {"calibrate": False, "device": "cpu", "seed": self.seed}
        if teachers:
            how["teachers"] = teachers
        return (
            Localizer(network, settings=settings, **how).fit(self.own).method_.locate(self.asked).position_m
        )

    def located_beside(self, epochs: int) -> np.ndarray:
        """[n, 2] by a network as the blend has it."""
        return self._located_after(BlendSettings(network_epochs=epochs).updates_of({}, len(self.own)))

    @cache  # noqa: B019 - a survey's network may have the same length for several numbers of epochs
    def _located_after(self, updates: int) -> np.ndarray:
        return self.located("dnn", updates=updates, rss_min_dbm=BlendSettings().not_heard_dbm(self.own))


Answers = Iterable[tuple[float | str, np.ndarray]]


def by_lesson(of: Asked) -> Answers:
    for lesson in LESSONS:
        yield lesson, of.located("matcher", taught_by(of.survey, of.seed, lesson), **AS_IT_IS)


def by_simulated(of: Asked) -> Answers:
    for n, teacher in (0, of.teacher), (SIMULATED, taught_with_simulated(of.survey, of.seed)):
        yield n, of.located("matcher", teacher, **AS_IT_IS)


def by_epochs(of: Asked) -> Answers:
    for epochs in EPOCHS:
        yield epochs, of.located_beside(epochs)


def by_share(of: Asked) -> Answers:
    scored = of.located("matcher", of.teacher, fine_tune=True)
    learnt = of.located_beside(BlendSettings().network_epochs)
    for share in SHARES:
        yield share, (1 - share) * scored + share * learnt


CHOICES: dict[str, Callable[[Asked], Answers]] = {
    "lesson": by_lesson,
    "simulated": by_simulated,
    "epochs": by_epochs,
    "share": by_share,
}


@lru_cache(maxsize=1)  # one choice of a radio map follows the other
def asked_of(survey: str, fraction: float, seed: int) -> Asked:
    """What all choices of a radio map share."""
    train = load(survey).train
    own, asked = parted(train[train.n_heard > 0], fraction, seed)
    return Asked(survey, seed, own, asked, taught_elsewhere(survey, seed))


def rows_of(survey: str, fraction: float, seed: int, choice: str) -> Iterable[Row]:
    """All values of a choice, of one radio map."""
    of = asked_of(survey, fraction, seed)
    n_points = int(reference_points(of.own).max()) + 1
    key = {"survey": survey, "fraction": fraction, "seed": seed, "n_scans": len(of.own), "n_points": n_points}
    for value, position_m in CHOICES[choice](of):
        error_m = float(np.linalg.norm(position_m - of.asked.known_position_m, axis=1).mean())
        yield {**key, "choice": choice, "value": value, "mae_m": round(error_m, 3)}


# -- the page ---------------------------------------------------------------------------------------------


def table(rows: Sequence[Row], choice: str) -> Iterable[str]:
    """Mean errors over seeds as Markdown, a row a radio map, a column a value."""
    of_choice = [row for row in rows if row["choice"] == choice]
    values = [*dict.fromkeys(str(row["value"]) for row in of_choice)]
    titles = [value if choice == "lesson" else f"{float(value):g}" for value in values]
    yield f"| {HEADS[choice]} | points | {' | '.join(titles)} |"
    yield "|---|---|" + "---|" * len(values)
    for (survey, fraction), group in itertools.groupby(
        of_choice, lambda row: (row["survey"], float(row["fraction"]))
    ):
        own = list(group)
        means = [mean(float(row["mae_m"]) for row in own if str(row["value"]) == value) for value in values]
        points = mean(int(row["n_points"]) for row in own)
        place = f"{survey}, {fraction:.0%}" if fraction < 1 else survey
        yield f"| {place} | {points:.0f} | {' | '.join(f'{each:.2f}' for each in means)} |"


def main() -> None:
    """Make the rows that are missing, then the page."""
    rows: list[Row] = [*kept_rows(RESULTS)]
    order = [
        (survey, fraction, seed, choice)
        for survey in FRACTIONS
        for fraction in FRACTIONS[survey]
        for seed in SEEDS
        for choice in CHOICES
    ]

    def place(row: Row) -> int:
        return order.index((row["survey"], float(row["fraction"]), int(row["seed"]), row["choice"]))

    known = {order[place(row)] for row in rows}
    for key in order:
        if key in known:
            continue
        rows.extend(rows_of(*key))
        print(*key, flush=True)
        rows.sort(key=place)
        keep_rows(RESULTS, COLUMNS, rows)
    for choice in HEADS:
        put_into_page(PAGE, RESULTS, table(rows, choice), choice)


if __name__ == "__main__":
    main()
