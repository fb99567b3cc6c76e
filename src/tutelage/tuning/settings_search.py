"""The search: trials of settings, each trained on a part of the training scans and scored on the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError, TrainingDivergedError
from tutelage.methods.learning import Building, split_settings, training_scans
from tutelage.methods.teachers.teacher_names import TeacherNames, network_teachers
from tutelage.networks import NetworkFile, NetworkSpec, SearchRecord, network_choice
from tutelage.paper.expert_distilling import DistillingRecipe, TeacherChoice, distilling_recipe
from tutelage.training import Budget, RunOptions, resolve_device
from tutelage.tuning.search_spaces import DEFAULTS, Plan, default_spaces, search_plan
from tutelage.tuning.study_file import finished_trials, opened_study
from tutelage.tuning.trial_scoring import Scored, scored_on_held_out

__all__ = ["tune"]

_SHARE_OF_UPDATES = 4  # a trial is this part of the recipe's length
_SETTINGS, _REFUSED = "settings", "refused"


@dataclass(frozen=True)
class _Search:
    """Everything that a search depends on, checked.

    Parameters
    ----------
    target, data_hash : name and content of the training data
    spec : the network
    spaces : names of what is searched
    plan : what they ask
    base : settings of network and recipe under those of a trial
    recipe_name, recipe : how the first trial learns
    teachers : of every trial
    budget : length of a trial
    seed : of the split, of every trial's training and of the search
    """

    target: str
    data_hash: str
    spec: NetworkSpec
    spaces: tuple[str, ...]
    plan: Plan
    base: Mapping[str, Any]
    recipe_name: str
    recipe: DistillingRecipe
    teachers: Sequence[TeacherChoice]
    budget: Budget
    seed: int

    def divided(self, chosen: Mapping[str, Any]) -> tuple[dict[str, Any], DistillingRecipe]:
        """Settings of the network, and the recipe, with the settings `chosen` in a trial."""
        of_network, of_recipe = self._by_owner({**self.base, **chosen})
        return of_network, distilling_recipe(self.recipe_name, of_recipe, self.spec)

    def changes(self, chosen: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What differs from the network's and the recipe's own settings, in their own types."""
        of_network, recipe = self.divided(chosen)
        checked, of_recipe = self.spec.settings(of_network), recipe.model_dump()
        _, changed = self._by_owner({**self.base, **chosen})
        return {name: checked[name] for name in of_network}, {name: of_recipe[name] for name in changed}

    def _by_owner(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return split_settings(self.spec.name, DistillingRecipe.model_fields, settings)

    def identity(self) -> dict[str, Any]:
        """By which a study file is known to be of this search."""
        network, recipe = self.changes({})
        return {
            "network": self.spec.name,
            "target data": self.data_hash,
            "search": list(self.spaces),
            "recipe": self.recipe_name,
            "settings": {**network, **recipe},
            "teachers": [
                t if isinstance(t, str) else [t.card.source, t.content_hash()] for t in self.teachers
            ],
            "epochs": self.budget.epochs,
            "minutes": self.budget.minutes,
            "updates": self.budget.updates,
            "seed": self.seed,
        }


def tune(
    train: Building,
    network: str = "dnn",
    *,
    spaces: Sequence[str] = (),
    teachers: TeacherNames = (),
    recipe: str | None = None,
    settings: Mapping[str, Any] | None = None,
    n_trials: int = 30,
    epochs: int | None = None,
    minutes: float | None = None,
    updates: int | None = None,
    seed: int = 0,
    device: str = "auto",
    study_file: str | Path | None = None,
    progress: bool = False,
) -> NetworkFile:
    """Search settings by Bayesian optimisation, on training data alone.

    One reference point in five is held out; a trial learns from the rest and is scored by its mean 2-D error
    there. The first trial changes nothing. A trial that does worse than the median of those before it, at the
    same tenth of its training, is stopped. What comes out depends on the arguments alone (and, with
    `minutes`, on the machine's speed): a search that was stopped goes on to the same end.

    Source: Akiba et al., "Optuna" (2019); the tree-structured Parzen estimator of Bergstra et al. (2011).

    Parameters
    ----------
    train : scans with positions (of a survey: its training split)
    network : a registered network, or NAME:FILE to begin with the settings of a network file
    spaces : names among `SPACES`; none means the architecture, or learning for a network without a search
    teachers : as for `Localizer`
    recipe : "paper" or "default"; None means paper where the space paper is searched, else default
    settings : changes to the network's and the recipe's settings, held in every trial and not searched
    n_trials : trials in all, with those of an earlier run
    epochs, minutes, updates : length of a trial; none means a quarter of the recipe's `updates`
    seed : of the split, of each training and of the search
    device : "auto", "cpu", "cuda", ...
    study_file : SQLite file that keeps every trial, so that a search can be stopped; None keeps nothing
    progress : show a progress bar on standard error

    Raises
    ------
    BadInputError, UnknownNameError, FileFormatError
        If an argument, the data or the study file cannot be used, or no trial gives a result.
    """
    if n_trials < 1:
        raise BadInputError(f"n_trials is {n_trials}; a search has at least one")
    scans, target, _ = training_scans(train)
    search = _checked(
        scans,
        target,
        network,
        spaces,
        teachers,
        recipe,
        settings or {},
        Budget(epochs, minutes, updates),
        seed,
    )
    resolve_device(device)
    score = scored_on_held_out(
        scans[scans.n_heard > 0],
        search.spec.name,
        search.recipe_name,
        search.teachers,
        RunOptions(seed=seed, device=device, budget=search.budget),
        of_network=search.divided({})[0],
    )
    with opened_study(study_file, search.identity()) as study, _progress_bar(n_trials, progress) as show:
        show(study)
        while len(finished_trials(study)) < n_trials:
            _next_trial(study, search, score)
            show(study)
        return _found(study, search)


def _checked(
    scans: FingerprintSet,
    target: str,
    network: str,
    spaces: Sequence[str],
    teachers: TeacherNames,
    recipe: str | None,
    fixed: Mapping[str, Any],
    budget: Budget,
    seed: int,
) -> _Search:
    choice = network_choice(network)
    spec, names = choice.spec, tuple(dict.fromkeys(spaces)) or default_spaces(choice.spec)
    recipe_name = recipe or ("paper" if "paper" in names else "default")
    base = {**choice.settings, **choice.recipe, **fixed}
    of_network, of_recipe = split_settings(spec.name, DistillingRecipe.model_fields, base)
    spec.settings(of_network)
    begins = distilling_recipe(recipe_name, of_recipe, spec)
    known = network_teachers(teachers, spec.name, scans, target)
    if budget == Budget():
        budget = Budget(updates=max(1, begins.updates // _SHARE_OF_UPDATES))
    plan = search_plan(names, spec, begins.model_dump(), fixed, with_teachers=bool(known))
    return _Search(
        target, scans.content_hash(), spec, names, plan, base, recipe_name, begins, known, budget, seed
    )


def _next_trial(study: optuna.Study, search: _Search, score: Scored) -> None:
    n_before = len(finished_trials(study))
    # A fresh sampler for each trial: what it asks then depends on the finished trials alone, so that a
    # search that was killed goes on as if it had not been, with the very settings that it was trying.
    random = int(np.random.SeedSequence([search.seed, n_before]).generate_state(1)[0])
    study.sampler = TPESampler(seed=random, multivariate=False)
    ask = search.plan.ask if n_before else search.plan.ask_defaults
    trial, chosen = ask(study)
    trial.set_user_attr(_SETTINGS, chosen)
    try:
        error_m = score(*search.divided(chosen), trial)
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except (BadInputError, TrainingDivergedError, torch.OutOfMemoryError) as error:
        trial.set_user_attr(_REFUSED, str(error).partition("\n")[0])
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, error_m)


def _found(study: optuna.Study, search: _Search) -> NetworkFile:
    trials = finished_trials(study)
    complete = _complete(trials)
    refused = [trial for trial in trials if _REFUSED in trial.user_attrs]
    if not complete:
        said = refused[0].user_attrs[_REFUSED] if refused else "nothing"
        raise BadInputError(
            f"none of {len(trials)} trials gave a result; the first said: {said}; change --set or the "
            "length, and name another --study"
        )
    best = min(complete, key=_error_m)
    begun_with = [_error_m(trial) for trial in complete if trial.user_attrs.get(DEFAULTS)]
    network, recipe = search.changes(best.user_attrs[_SETTINGS])
    record = SearchRecord(
        target=search.target,
        data_hash=search.data_hash,
        recipe_name=search.recipe_name,
        teachers=[t if isinstance(t, str) else t.card.source for t in search.teachers],
        spaces=list(search.spaces),
        n_finished=len(complete),
        n_pruned=len(trials) - len(complete) - len(refused),
        n_failed=len(refused),
        held_out_mae_m=round(_error_m(best), 4),
        default_held_out_mae_m=round(begun_with[0], 4) if begun_with else None,
        seed=search.seed,
        epochs=search.budget.epochs,
        minutes=search.budget.minutes,
        updates=search.budget.updates,
        version=version("tutelage"),
    )
    return NetworkFile(network=search.spec.name, settings=network, recipe=recipe, found=record)


def _complete(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state == TrialState.COMPLETE]


def _error_m(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


@contextmanager
def _progress_bar(n_trials: int, visible: bool) -> Iterator[Callable[[optuna.Study], None]]:
    columns = (
        TextColumn("trials"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}"),
        TimeRemainingColumn(),
    )
    # Trials are minutes apart: the time left is told from all of them, not from the last half minute.
    with Progress(
        *columns, console=Console(stderr=True), disable=not visible, speed_estimate_period=1e9
    ) as progress:
        task = progress.add_task("trials", total=n_trials, best="")

        def show(study: optuna.Study) -> None:
            trials = finished_trials(study)
            best = min(map(_error_m, _complete(trials)), default=None)
            words = "" if best is None else f"best {best:.2f} m"
            progress.update(task, completed=len(trials), best=words)

        yield show
