"""Do the work of a cell: make a teacher, or fit and evaluate a model. Nothing is written here."""

from __future__ import annotations

import math
import subprocess
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.splits import reference_points, split_by_position
from tutelage.data.surveys import load
from tutelage.errors import TrainingDivergedError
from tutelage.evaluation import evaluate
from tutelage.experiments.budgets import PAPER_LENGTH, table_budget
from tutelage.experiments.cells import Cell, TeacherCell, pretraining_recipe
from tutelage.experiments.compared_methods import BLEND, BOUND, KNN, MATCHER, WITH_MATCHER
from tutelage.localizer import Localizer
from tutelage.methods.knn import best_settings
from tutelage.methods.matcher.pretrained import PretrainedMatcher, pretrain
from tutelage.paper.expert_training import Quality, Teacher, teach
from tutelage.training import Budget, RunOptions, device_name

__all__ = [
    "SHARE_COLUMNS",
    "FitJob",
    "FittedCell",
    "TaughtCell",
    "TeachJob",
    "checkpoint_dir",
    "fit_cell",
    "teach_cell",
]

SHARE_COLUMNS = {"share_sim": "J_Sim", "share_mi": "J_MI", "share_fi": "J_FI"}
"""The constraints whose mean share in the gradient on the network is a figure of a cell, by column."""

_HELD_OUT_SHARE = 0.2
_CHECKPOINT_SECONDS = 120.0  # checkpoints are for cells of hours
_NO_RADII = {"coverage": "", "radius_m": ""}
# These keep the random numbers apart from those of the training.
_DRAW = 1
_PERMUTE = 2


@dataclass(frozen=True)
class TeachJob:
    """A teacher to make.

    Parameters
    ----------
    cell : TeacherCell
        The configuration of the teacher.
    data_dir : str or None
        Folder of the public data sets.
    checkpoint_dir : Path, optional
        Folder for the checkpoints of this job; it goes on from those that are there.
    """

    cell: TeacherCell
    data_dir: str | None
    checkpoint_dir: Path | None = None


@dataclass(frozen=True)
class FitJob:
    """A model to fit.

    Parameters
    ----------
    cell : Cell
        The configuration of the model.
    teachers : tuple of bytes
        The contents of its teachers' files.
    data_dir : str or None
        Folder of the public data sets.
    checkpoint_dir : Path, optional
        Folder for the checkpoints of this job; it goes on from those that are there.
    """

    cell: Cell
    teachers: tuple[bytes, ...]
    data_dir: str | None
    checkpoint_dir: Path | None = None


@dataclass(frozen=True)
class TaughtCell:
    """A teacher with its figures.

    Parameters
    ----------
    content : bytes
        The content of the teacher's file.
    figures : dict
        Quality, seconds and commit, by column.
    """

    content: bytes
    figures: dict[str, Any]


@dataclass(frozen=True, eq=False)
class FittedCell:
    """The result of a cell.

    Parameters
    ----------
    errors_m : array [n]
        Error on each scan of the test split, in metres; NaN for a scan without a position.
    figures : dict
        Figures of the evaluation and the training, by column.
    """

    errors_m: np.ndarray
    figures: dict[str, Any]


def checkpoint_dir(folder: Path | None, cell: Cell | TeacherCell) -> Path | None:
    """Return the folder of a cell's checkpoints. Cells at the paper's length have one: they take hours.

    Parameters
    ----------
    folder : Path or None
        Folder of the checkpoints of all cells; None for none.
    cell : Cell or TeacherCell
        The cell.

    Returns
    -------
    Path or None
        Its folder; None if it has no checkpoints.
    """
    return folder / cell.hash if folder and cell.budget == PAPER_LENGTH else None


def teach_cell(job: TeachJob) -> TaughtCell:
    """Make a teacher by Expert Training, or a pretrained matcher.

    Parameters
    ----------
    job : TeachJob
        The teacher. Its cell may ask for permuted locations.

    Returns
    -------
    TaughtCell
        The teacher with its figures.
    """
    cell = job.cell
    if cell.network == MATCHER:
        return _teach_matcher(job)
    survey = load(cell.source, data_dir=job.data_dir)
    if cell.permuted:
        train = permute_positions(survey.train, cell.seed)
        survey = replace(survey, name=f"{survey.name}-permuted", train=train)
    began = time.monotonic()
    run = replace(_run(job), survey=cell.source)  # not its permuted name
    teacher = teach(survey, cell.network, recipe=cell.recipe, settings=dict(cell.settings), run=run)
    quality = teacher.card.quality.model_dump() if teacher.card.quality else {}
    return TaughtCell(teacher.to_bytes(), quality | _cost(began))


def _teach_matcher(job: TeachJob) -> TaughtCell:
    cell = job.cell
    began = time.monotonic()
    sources = [load(source, data_dir=job.data_dir) for source in cell.sources]
    settings = pretraining_recipe(cell.budget).model_dump()
    teacher = pretrain(sources, settings=settings, run=RunOptions(seed=cell.seed))
    return TaughtCell(teacher.to_bytes(), dict.fromkeys(Quality.model_fields, "") | _cost(began))


def fit_cell(job: FitJob) -> FittedCell:
    """Fit one model and evaluate it once.

    Parameters
    ----------
    job : FitJob
        The model.

    Returns
    -------
    FittedCell
        The result. A training that diverged has no positions.
    """
    cell = job.cell
    survey = load(cell.target, data_dir=job.data_dir)
    survey = hold_out_points(survey) if cell.held_out else survey
    survey = replace(
        survey, train=draw_scans(survey.train, cell.train_fraction, cell.seed, cell.whole_points)
    )
    model = _localizer(job, survey)
    began = time.monotonic()
    try:
        model.fit(survey)
    except TrainingDivergedError:  # this is a result of the method, not a failure of the command
        return _diverged(survey, {**_cost(began), **_device(cell)})
    cost = _cost(began)
    more = {**_radii(model, survey), **_shares(model), **_device(cell)}
    # Errors are of all scans, as those of methods without radii: none are refused.
    evaluation = evaluate(model.without_calibration(), survey)
    figures = {
        name: round(value, 3) for name, value in evaluation.figures().items() if isinstance(value, float)
    }
    n_test = len(evaluation)
    return FittedCell(evaluation.errors_m, {"n_test": n_test, **figures, **cost, **more})


def _shares(model: Localizer) -> dict[str, Any]:
    """Return the mean share of each constraint in the gradient; empty where it took no part."""
    shares = model.lineage_.gradient_shares
    return {column: shares.mean.get(name, "") if shares else "" for column, name in SHARE_COLUMNS.items()}


def _radii(model: Localizer, survey: Survey) -> dict[str, Any]:
    """Return a calibrated model's share of test scans within their 95 % radius, and its median radius."""
    if model.calibration_ is None:
        return _NO_RADII
    figures = evaluate(model, survey).figures()
    return {name: "" if (value := figures[name]) is None else round(value, 4) for name in _NO_RADII}


def _diverged(survey: Survey, cost: dict[str, Any]) -> FittedCell:
    """Return a result without positions and with infinite errors."""
    n_test = len(survey.train if survey.test is None else survey.test)
    figures = dict.fromkeys(("mae_m", "median_m", "p75_m", "p95_m"), math.inf)
    empty = _NO_RADII | dict.fromkeys(SHARE_COLUMNS, "")
    return FittedCell(np.full(n_test, np.nan), {"n_test": n_test, **figures, **cost, **empty})


def _device(cell: Cell) -> dict[str, str]:
    """Return the device of the run, without which its seconds mean little."""
    return {"device": device_name("cpu" if cell.network == KNN else "auto")}


def _localizer(job: FitJob, target: Survey) -> Localizer:
    cell = job.cell
    if cell.network == KNN:
        settings = _best_on_test(target) if cell.method == BOUND else {}
        return Localizer(KNN, settings=settings, run=RunOptions(seed=cell.seed), calibrate=False)
    if cell.network in WITH_MATCHER:
        return _with_matcher(job)
    method = cell.learning_method
    sources: list[Survey | FingerprintSet] = [
        target if source == cell.target else load(source, data_dir=job.data_dir)
        for source in cell.sources
        if method.transfer
    ]
    files = [Teacher.from_bytes(content) for content in job.teachers]
    return Localizer(
        cell.network,
        teachers=list(cell.sources) if method.kind == "untrained" else files,
        transfer=method.kind if method.kind in ("sequential", "collective") else "none",
        sources=sources,
        recipe=method.recipe,
        settings=cell.settings,
        run=_run(job),
        calibrate=False,
    )


def _run(job: TeachJob | FitJob) -> RunOptions:
    """Give the options of a network's training."""
    return RunOptions(
        seed=job.cell.seed,
        budget=table_budget(job.cell.budget).length(job.cell.network),
        checkpoint_dir=job.checkpoint_dir,
        checkpoint_seconds=_CHECKPOINT_SECONDS,
        resume=job.checkpoint_dir is not None,
    )


def _best_on_test(target: Survey) -> dict[str, Any]:
    """Return the k-NN settings with the smallest error on the test split."""
    test = target.train if target.test is None else target.test
    return best_settings([(target.train, test[test.n_heard > 0])], {})[0].model_dump()


def _with_matcher(job: FitJob) -> Localizer:
    cell = job.cell
    matchers = [PretrainedMatcher.from_bytes(content, name="the matcher") for content in job.teachers]
    without = "untrained" if cell.learning_method.kind == "untrained" else "none"
    is_blend = cell.network == BLEND
    length = table_budget(cell.budget).length(cell.network) if is_blend else Budget()
    return Localizer(
        cell.network,
        pretrained=matchers[0] if matchers else without,
        settings={**cell.settings, "always": True} if is_blend else cell.settings,  # a table compares blends
        run=RunOptions(seed=cell.seed, budget=length),
        # On a whole survey the trial of the calibration costs nothing more.
        calibrate=is_blend and cell.train_fraction == 1,
    )


def hold_out_points(survey: Survey) -> Survey:
    """Replace the test split by a fifth of the training reference points, the same for every cell.

    Parameters
    ----------
    survey : Survey
        A survey with its training scans.

    Returns
    -------
    Survey
        The survey without those points in its training scans.
    """
    usable_scans = survey.train[survey.train.n_heard > 0]
    train_rows, test_rows = split_by_position(usable_scans, _HELD_OUT_SHARE)
    return replace(survey, train=usable_scans[train_rows], test=usable_scans[test_rows])


def draw_scans(
    scans: FingerprintSet, fraction: float, seed: int, whole_points: bool = False
) -> FingerprintSet:
    """Draw a random share of the scans (Paper, Appendix C) or of the reference points; at least two.

    Parameters
    ----------
    scans : FingerprintSet
        The scans of a survey.
    fraction : float
        The share, from 0 to 1.
    seed : int
        Random seed.
    whole_points : bool
        Whether reference points are drawn, each with all of its scans.

    Returns
    -------
    FingerprintSet
        The drawn scans in their order.
    """
    if fraction == 1:
        return scans
    group_of_scan = reference_points(scans) if whole_points else np.arange(len(scans))
    n_groups = int(group_of_scan.max(initial=-1)) + 1
    n = max(2, int(fraction * n_groups))
    chosen = np.random.default_rng((seed, _DRAW)).choice(n_groups, size=n, replace=False)
    return scans[np.flatnonzero(np.isin(group_of_scan, chosen))]


def permute_positions(scans: FingerprintSet, seed: int) -> FingerprintSet:
    """Move each scan to the position of a scan that is drawn at random.

    Parameters
    ----------
    scans : FingerprintSet
        Scans with positions.
    seed : int
        Random seed.

    Returns
    -------
    FingerprintSet
        The same scans at permuted positions.
    """
    order = np.random.default_rng((seed, _PERMUTE)).permutation(len(scans))
    return replace(scans, position_m=scans.known_position_m[order])


def _cost(began: float) -> dict[str, Any]:
    return {"train_seconds": round(time.monotonic() - began, 1), "commit": code_version()}


def code_version() -> str:
    """Return the commit that the code runs from.

    Returns
    -------
    str
        The short hash of the commit, or the package's version where there is no repository.
    """
    here = Path(__file__)
    git = ("git", "-C", str(here.parent))
    try:
        # An environment inside somebody else's repository is not ours.
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], capture_output=True, check=True)
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        )
        return head.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return version("tutelage")
