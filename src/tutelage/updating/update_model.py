"""Continuing from a model with new scans of its building."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import reference_points
from tutelage.errors import BadInputError, LeftOutWarning
from tutelage.localizer import Localizer
from tutelage.methods.blend import Blend
from tutelage.methods.calibration import Trial, calibrate
from tutelage.methods.fitting import Method, radio_map_of, share_held_out
from tutelage.methods.knn import NearestNeighbours
from tutelage.methods.learning import Building, training_scans
from tutelage.methods.matcher import Matcher
from tutelage.methods.network_update import learn_on, takes_access_points
from tutelage.training import Budget, RunOptions
from tutelage.training.trained_network import TrainedNetwork
from tutelage.updating.old_scans import held_by, names_after, new_for, with_access_points

__all__ = ["updated"]

_OF_ORIGIN = "source", "licence", "data_hash", "n_train", "seed", "dropped", "ignored", "updated_from"
_Learn = Callable[[FingerprintSet, FingerprintSet, RunOptions], Method]


@dataclass(frozen=True, eq=False)
class _Scans:
    """What an update learns from: nothing but scans that hear something, over the same access points."""

    old: FingerprintSet
    new: FingerprintSet
    ignored: tuple[str, ...] = ()
    """Access points that new scans hear and the model cannot take."""

    @property
    def joined(self) -> FingerprintSet:
        return FingerprintSet.joined([self.old, self.new])


def updated(
    model: Localizer,
    new: Building,
    *,
    drop: Collection[str] = (),
    calibrated: bool = True,
    epochs: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    checkpoint_dir: str | Path | None = None,
    resume: bool = False,
    log: str | Path | None = None,
    progress: bool = False,
) -> Localizer:
    """A model that continues from another with new scans of the same building.

    k-NN, matcher and blend search the old and the new scans together; settings, the matcher's weights and the
    blend's share stay. A network, the blend's among them, continues from its weights on old and new scans in
    equal parts; a network alone holds its landmarks of the old ones. New access points that the new scans
    hear are added; BayesCNN, whose shape depends on its access points, learns on without them, which a
    `LeftOutWarning` and the lineage say.

    Parameters
    ----------
    model : fitted; it does not change
    new : scans with positions; of a survey its training split
    drop : access points to forget, such as those that `measure_drift` finds gone
    calibrated : learn radii and refusals anew, from reference points held out: of the new scans where a
        network learns on (its weights have seen all old ones), else of all. Fewer than eight points give none
    epochs, minutes : length of a network's learning; neither means a quarter of its recipe's updates
    seed, device, checkpoint_dir, resume, log, progress : as of `Localizer`

    Raises
    ------
    BadInputError, UnknownNameError
        If the scans cannot be used, the model holds nothing of its building, or all of the scans already, or
        an option does not fit.
    """
    began = time.monotonic()
    scans, name, licence = training_scans(new)
    method = model.method_
    if not _learns(method) and (epochs is not None or minutes is not None):
        raise BadInputError(f"an update of {model.network} learns nothing; leave epochs and minutes out")
    options = RunOptions(
        seed=seed,
        device=device,
        budget=Budget(epochs, minutes),
        checkpoint_dir=Path(checkpoint_dir) if checkpoint_dir else None,
        resume=resume,
        log=Path(log) if log else None,
        progress=progress,
    )
    known = _scans(model, scans, drop)

    def learn(old: FingerprintSet, new: FingerprintSet, options: RunOptions) -> Method:
        return _continued(method, old, new, options)

    found = Localizer(model.network, seed=seed, device=device, calibrate=calibrated)
    found.method_, found.frame_ = learn(known.old, known.new, options), model.frame_
    trial = _trial(learn, known, options, of_new=_learns(method)) if calibrated else None
    found.calibration_ = calibrate(known.joined, found.access_points_, trial, seed=seed) if trial else None
    found.lineage_ = {
        **_lineage(model, known.ignored, drop),
        "source": name,
        "licence": licence,
        "data_hash": scans.content_hash(),
        "n_train": len(scans),
        "seed": seed,
        "fit_seconds": round(time.monotonic() - began, 1),
    }
    return found


def _scans(model: Localizer, new: FingerprintSet, drop: Collection[str]) -> _Scans:
    """What the model holds and what is new, over the access points that it will know."""
    student = _student_of(model.method_)
    old = held_by(model)
    given = _without_known(model, new_for(model, new, old))
    may_grow = student is None or takes_access_points(student)
    names, ignored = names_after(model.access_points_, given, drop, may_grow=may_grow)
    if ignored:
        warnings.warn(
            f"{len(ignored)} new access points are ignored, such as {ignored[0]}: the shape of this "
            f"{model.network} depends on its access points; to take them, fit it anew with all scans",
            LeftOutWarning,
            stacklevel=3,
        )
    return _Scans(with_access_points(old, names), with_access_points(given, names), ignored)


def _without_known(model: Localizer, new: FingerprintSet) -> FingerprintSet:
    """The new scans that the model's radio map does not hold: twice the same scan would count twice.

    Raises
    ------
    BadInputError
        If it holds all of them.
    """
    held = radio_map_of(model.method_)
    known = np.zeros(len(new), dtype=bool) if held is None else held.holds(new)
    if known.all():
        raise BadInputError(f"the model holds all of the {len(new)} new scans already; nothing to update")
    if known.any():
        warnings.warn(
            f"{known.sum()} of the {len(new)} new scans are in the model already, and are left out",
            LeftOutWarning,
            stacklevel=4,
        )
    return new[~known]


def _lineage(model: Localizer, ignored: Collection[str], drop: Collection[str]) -> dict[str, Any]:
    """The model's own, and what became of it."""
    return {
        **{key: value for key, value in model.lineage_.items() if key not in ("ignored", "n_blank")},
        "metrics": {},
        "dropped": sorted(drop),
        **({"ignored": sorted(ignored)} if ignored else {}),
        "updated_from": {key: model.lineage_[key] for key in _OF_ORIGIN if key in model.lineage_},
    }


def _student_of(method: Method) -> TrainedNetwork | None:
    """The network that learns on; None where nothing learns."""
    if isinstance(method, Blend):
        return method.student
    return method if isinstance(method, TrainedNetwork) else None


def _learns(method: Method) -> bool:
    return _student_of(method) is not None


def _continued(method: Method, old: FingerprintSet, new: FingerprintSet, options: RunOptions) -> Method:
    joined = FingerprintSet.joined([old, new])
    if isinstance(method, NearestNeighbours):
        return NearestNeighbours.fit(joined, method.settings)
    if isinstance(method, Matcher):
        return Matcher.of(joined, method.network, method.recipe)
    if isinstance(method, TrainedNetwork):
        return learn_on(method, old, new, options)
    if isinstance(method, Blend):
        student = learn_on(method.student, old, new, options)
        return Blend(Matcher.of(joined, method.matcher.network, method.matcher.recipe), student, method.share)
    raise TypeError(f"{type(method).__name__} cannot be updated")


def _trial(learn: _Learn, known: _Scans, options: RunOptions, *, of_new: bool) -> Trial | None:
    """What a twin, updated without some reference points, makes of the scans there.

    Parameters
    ----------
    of_new : hold out points where new scans were taken, and ask about new scans alone
    """
    joined = known.joined
    is_new = np.arange(len(joined)) >= len(known.old)
    point = reference_points(joined)
    points = np.unique(point[is_new] if of_new else point)
    share = share_held_out(len(points))
    if share is None:
        return None
    chosen = np.random.default_rng(options.seed).choice(points, round(share * len(points)), replace=False)
    held = np.isin(point, chosen)
    asked = held & is_new if of_new else held
    rest = [joined[~held & ~is_new], joined[~held & is_new]]
    if not all(map(len, rest)):  # the new scans are where all the old ones were
        return None
    twin = learn(rest[0], rest[1], options.within("calibration", "to calibrate: "))
    return Trial(joined[~held], joined[asked], point[asked], twin.locate(joined[asked]))
