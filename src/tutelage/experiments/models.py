"""The cell that every table is made of: one model fitted and evaluated, with the teacher it may need."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tutelage.datasets import load
from tutelage.evaluation import evaluate
from tutelage.experiments.cells import Row, code_version
from tutelage.fingerprints import Survey
from tutelage.localizer import Localizer
from tutelage.teaching import Teacher, teach
from tutelage.training import Budget, RunOptions, steps_per_epoch

__all__ = ["FIGURES", "KEY", "QUALITY", "TEACHER_KEY", "Cell", "ModelRun"]

KEY = ("experiment", "target", "sources", "network", "method", "recipe", "budget", "seed")
COST = ("train_seconds", "commit")
FIGURES = ("n_test", "mae_m", "median_m", "p75_m", "p95_m", *COST)
TEACHER_KEY = ("source", "network", "recipe", "budget", "seed")
QUALITY = (
    "source_mae_m",
    "generator_mae_m",
    "centroid_mae_m",
    "angular_similarity",
    "spread",
    "diversity",
    *COST,
)


@dataclass(frozen=True)
class Cell:
    """One model to fit and evaluate.

    Parameters
    ----------
    target, sources : data sets; `sources` is "" without a trained teacher
    network : "knn" or a registered network
    method : "none", "untrained" (teacher) or "taught"
    recipe : "paper" or "default", "" for k-NN
    seed : of the split, the network, the teacher
    """

    target: str
    sources: str
    network: str
    method: str
    recipe: str
    seed: int


@dataclass(frozen=True)
class ModelRun:
    """What every cell of a table shares; small, because it travels to the worker processes.

    Parameters
    ----------
    experiment, budget : names of the table and of the budget
    updates : about this many a stage; None for the length of the recipe itself
    teacher_dir : where teacher files are kept between cells
    data_dir : folder of public data sets
    """

    experiment: str
    budget: str
    updates: int | None
    teacher_dir: Path
    data_dir: str | Path | None

    def teacher_key(self, cell: Cell) -> dict[str, str | int]:
        """Key columns of the teacher that `cell` learns from."""
        return {
            "source": cell.sources,
            "network": cell.network,
            "recipe": cell.recipe,
            "budget": self.budget,
            "seed": cell.seed,
        }

    def model_key(self, cell: Cell) -> dict[str, str | int]:
        """Key columns of a model."""
        return {"experiment": self.experiment, "budget": self.budget, **asdict(cell)}

    def make_teacher(self, cell: Cell) -> Row:
        """Train the teacher that `cell` needs, keep its file, return its figures."""
        survey = load(cell.sources, data_dir=self.data_dir)
        began = time.monotonic()
        options = RunOptions(seed=cell.seed, budget=Budget(self._epochs(survey)))
        teacher = teach(survey, cell.network, recipe=cell.recipe, options=options)
        teacher.save(self._teacher_file(cell))
        quality = teacher.card.quality.model_dump() if teacher.card.quality else {}
        return self.teacher_key(cell) | quality | _cost(began)

    def make_model(self, cell: Cell) -> Row:
        """Fit one model and open the target's test split once."""
        survey = load(cell.target, data_dir=self.data_dir)
        if cell.method == "taught" and not self._teacher_file(cell).exists():
            self.make_teacher(cell)  # its figures are kept with the results, its file need not be
        began = time.monotonic()
        if cell.network == "knn":
            model = Localizer("knn", seed=cell.seed)
        else:
            teachers: dict[str, list[Teacher | str | Path]] = {
                "none": [],
                "untrained": ["untrained"],
                "taught": [self._teacher_file(cell)],
            }
            model = Localizer(
                cell.network,
                teachers=teachers[cell.method],
                recipe=cell.recipe,
                settings={"weight_labels": 0},  # positions alone, as the paper's networks
                epochs=self._epochs(survey),
                seed=cell.seed,
            )
        model.fit(survey)
        cost = _cost(began)
        figures = evaluate(model, survey).figures()
        shown = {
            name: round(value, 3) for name, value in figures.items() if name in FIGURES and value is not None
        }
        return self.model_key(cell) | {"n_test": figures["n"]} | shown | cost

    def _teacher_file(self, cell: Cell) -> Path:
        return self.teacher_dir / ("-".join(map(str, self.teacher_key(cell).values())) + ".teacher")

    def _epochs(self, survey: Survey) -> int | None:
        """Epochs that make about the budget's number of updates."""
        if self.updates is None:
            return None
        return max(1, round(self.updates / steps_per_epoch(len(survey.train), 128)))


def _cost(began: float) -> Row:
    return {"train_seconds": round(time.monotonic() - began, 1), "commit": code_version()}
