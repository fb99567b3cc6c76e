"""The update of a model: it continues with new scans, or without the access points that are gone."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.hold_out import Groups, groups_of
from tutelage.data.place_blocks import blocks_to_hold_out, place_blocks
from tutelage.errors import BadInputError, LeftOutWarning
from tutelage.localizer import Localizer
from tutelage.methods import calibration
from tutelage.methods.base import FittedMethod, UpdateSpec
from tutelage.methods.calibration import Trial
from tutelage.methods.fit_plan import AnySurvey, TrainingSet, training_set
from tutelage.methods.lineage import Lineage
from tutelage.methods.twin import answers_places, held_out_share
from tutelage.runtime.place_calibration import PlaceCalibration
from tutelage.runtime.radii import Calibration
from tutelage.training import Budget, RunOptions
from tutelage.updating.gone_access_points import (
    LeftOut,
    find_left_out,
    held_out_walks,
    scaled_calibration,
)
from tutelage.updating.old_scans import (
    aligned_new_scans,
    old_scans,
    updated_access_points,
    with_access_points,
)

__all__ = ["update"]

Learn = Callable[[FingerprintSet, FingerprintSet, RunOptions], FittedMethod]


@dataclass(frozen=True, eq=False)
class _Scans:
    """Scans for an update; each hears something, and all are over the same access points."""

    old: FingerprintSet
    new: FingerprintSet
    left_out: LeftOut
    """Access points that are dropped, and those that held-out scans are located without."""
    ignored: tuple[str, ...] = ()
    """Access points that new scans hear and the model cannot take."""

    @property
    def joined(self) -> FingerprintSet:
        return FingerprintSet.join([self.old, self.new])

    def without_silent(self, scans: FingerprintSet) -> FingerprintSet:
        """Give scans as they would be today, without access points that are probably gone."""
        silent = set(self.left_out.silent)
        heard = [name for name in scans.access_points if name not in silent]
        return scans.aligned_to(heard).aligned_to(scans.access_points) if silent else scans


def update(
    model: Localizer,
    survey: AnySurvey,
    *,
    drop: Collection[str] = (),
    calibrate: bool = True,
    run: RunOptions | None = None,
) -> Localizer:
    """Continue a model with new scans of the same building, or without the access points that are gone.

    k-NN, matcher and blend search the old and the new scans together. Settings, the matcher's weights and the
    blend's share stay the same. A network, also in a blend, is trained further on equal parts of old and new
    scans. A network without a radio map takes its landmarks as old scans. New access points are added.
    BayesCNN cannot add any, because its shape depends on them; a `LeftOutWarning` and the lineage say so.

    Of scans without positions, nothing can be added. Access points that are gone in them are left out, as
    `measure_drift` finds them. The rest is learnt again from the old scans. Radii of k-NN and matcher come
    from held-out old scans. A network has seen all of them, so a network and a blend keep their radii,
    enlarged by an estimate of the loss (`tutelage.updating.gone_access_points.scaled_calibration`). So do
    models whose radii come from held-out walks, because a radio map does not know walks.

    Parameters
    ----------
    model : Localizer
        A fitted model. It does not change.
    survey : Survey or FingerprintSet
        New scans, or a survey with a training split. With positions, or all without. They may be of one
        place. A network without a radio map takes no new places.
    drop : collection of str
        Access points to forget, such as those that `measure_drift` reports as gone.
    calibrate : bool
        Learn radii and refusals from held-out reference points. If a network is trained further on new scans,
        they are points of these, because its weights have seen all old ones. Fewer than eight points give no
        calibration.
    run : RunOptions, optional
        Its length applies to a network: by default, a quarter of the recipe's updates.

    Returns
    -------
    Localizer
        The new model.

    Raises
    ------
    BadInputError, UnknownNameError
        If the scans cannot be used, or an option does not fit. If the model holds no old scans, or already
        holds all new ones. If scans without positions show no access point to be gone.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=200, n_test=40)
    >>> model = tt.Localizer("knn", settings={"k": 3}).fit(office)
    >>> tt.update(model, office.test).lineage_.updated_from.n_train == len(office.train)
    True
    """
    start_s = time.monotonic()
    run = run or RunOptions()
    scans, name, licence = _given(survey)
    spec = model.method_spec
    if spec.update is None:
        raise BadInputError(f"{spec.name} cannot be updated; fit it anew with old and new scans")
    if not spec.update.learns(model.method_) and run.budget != Budget():
        raise BadInputError(f"an update of {spec.name} learns nothing; leave epochs and minutes out")
    is_located = scans.position_m is not None or scans.place is not None
    parts = _scans(model, spec.update, scans, drop) if is_located else _old_scans(model, scans, drop)
    learn: Learn = partial(spec.update.continuation, model.method_)
    updated = Localizer(spec.name, run=run, calibrate=calibrate)
    updated.method_ = learn(parts.old, parts.new, run)
    updated.frame_ = model.frame_
    updated.has_coordinates_ = model.has_coordinates_
    updated.calibration_ = updated.place_calibration_ = None
    if calibrate and model.has_coordinates_:
        updated.calibration_ = _calibration(model, updated, learn, parts)
    if calibrate and answers_places(updated.method_, parts.joined):
        updated.place_calibration_ = _place_calibration(model, updated, learn, parts)
    changes = {
        "survey": name,
        "licence": licence,
        "data_hash": scans.content_hash(),
        "n_train": len(scans) if is_located else 0,
        "n_blank": 0,
        "seed": run.seed,
        "fit_seconds": round(time.monotonic() - start_s, 1),
        "metrics": {},
        "gradient_shares": None,
        "dropped": tuple(sorted(parts.left_out.dropped)),
        "ignored": tuple(sorted(parts.ignored)),
        "updated_from": _origin(model.lineage_),
    }
    updated.lineage_ = model.lineage_.model_copy(update=changes)
    return updated


def _given(survey: AnySurvey) -> TrainingSet:
    """Give the training scans with name and licence; those of nowhere need no reference points."""
    scans = survey.train if isinstance(survey, Survey) else survey
    if scans.position_m is not None or scans.place is not None:
        return training_set(survey, several_places=False)
    name, licence = (survey.name, survey.licence) if isinstance(survey, Survey) else ("unnamed", "")
    return TrainingSet(scans, name, licence)


def _origin(lineage: Lineage) -> Lineage:
    """Give the record of the model before: where it comes from, not how it was fitted."""
    return Lineage(
        survey=lineage.survey,
        licence=lineage.licence,
        data_hash=lineage.data_hash,
        n_train=lineage.n_train,
        seed=lineage.seed,
        fit_seconds=lineage.fit_seconds,
        dropped=lineage.dropped,
        ignored=lineage.ignored,
        updated_from=lineage.updated_from,
    )


def _scans(model: Localizer, spec: UpdateSpec, new: FingerprintSet, drop: Collection[str]) -> _Scans:
    """Give the model's old scans and the new ones, over the access points of the updated model."""
    old = old_scans(model)
    unseen = _without_old(model, aligned_new_scans(model, new, old))
    may_grow = spec.takes_new_access_points(model.method_)
    names, ignored = updated_access_points(model.access_points_, unseen, drop, may_grow=may_grow)
    if ignored:
        warnings.warn(
            f"{len(ignored)} new access points are ignored, such as {ignored[0]}: the shape of this "
            f"{model.method_spec.name} depends on its access points; to take them, fit it anew with all "
            "scans",
            LeftOutWarning,
            stacklevel=3,
        )
    left_out = LeftOut(tuple(drop))
    return _Scans(with_access_points(old, names), with_access_points(unseen, names), left_out, ignored)


def _old_scans(model: Localizer, scans: FingerprintSet, drop: Collection[str]) -> _Scans:
    """Give the model's old scans alone, without access points that are gone in scans without positions."""
    left_out = find_left_out(model, scans, drop)
    old = old_scans(model)
    names, _ = updated_access_points(model.access_points_, old[:0], left_out.dropped, may_grow=False)
    rest = with_access_points(old, names)
    return _Scans(rest, rest[:0], left_out)


def _without_old(model: Localizer, new: FingerprintSet) -> FingerprintSet:
    """Leave out new scans that the model's radio map has already: they would count twice.

    Raises
    ------
    BadInputError
        If it holds all of them.
    """
    radio_map = model.method_.radio_map
    is_old = np.zeros(len(new), dtype=bool) if radio_map is None else radio_map.holds(new)
    if is_old.all():
        raise BadInputError(f"the model holds all of the {len(new)} new scans already; nothing to update")
    if is_old.any():
        warnings.warn(
            f"{is_old.sum()} of the {len(new)} new scans are in the model already, and are left out",
            LeftOutWarning,
            stacklevel=4,
        )
    return new[~is_old]


def _calibration(model: Localizer, updated: Localizer, learn: Learn, parts: _Scans) -> Calibration | None:
    """Learn radii and refusals anew, or keep those that old scans alone cannot teach again."""
    update, run = model.method_spec.update, updated.run or RunOptions()
    learns = update is not None and update.learns(model.method_)
    if not len(parts.new) and (learns or held_out_walks(model)):
        return scaled_calibration(model, updated.access_points_, parts.left_out)
    trial = _trial(learn, parts, run, from_new=learns)
    if trial is None:
        return None
    learnt = calibration.calibrate(
        parts.joined, updated.access_points_, trial, survey=model.lineage_.survey, seed=run.seed
    )
    before = model.calibration_
    # A radio map does not know phones and days; of the old scans alone, the same is unsaid as before.
    return learnt if len(parts.new) or before is None else replace(learnt, unsaid=before.unsaid)


def _place_calibration(
    model: Localizer, updated: Localizer, learn: Learn, parts: _Scans
) -> PlaceCalibration | None:
    """Learn probabilities and sets of places anew; a network that has seen the old scans keeps its own."""
    update, run = model.method_spec.update, updated.run or RunOptions()
    learns = update is not None and update.learns(model.method_)
    if not len(parts.new) and learns:
        return model.place_calibration_
    trial = _trial(learn, parts, run, from_new=learns, within_places=True)
    if trial is None:
        return None
    return calibration.calibrate_places(
        parts.joined, updated.access_points_, trial, survey=model.lineage_.survey, seed=run.seed
    )


def _trial(
    learn: Learn, parts: _Scans, run: RunOptions, *, from_new: bool, within_places: bool = False
) -> Trial | None:
    """Locate held-out reference points with a twin, updated without them.

    Parameters
    ----------
    from_new : bool
        Hold out points where new scans were taken, and locate new scans alone.
    within_places : bool
        Hold out blocks of scans within places instead of points.
    """
    joined = parts.joined
    is_new = np.arange(len(joined)) >= len(parts.old)
    groups = Groups(place_blocks(joined), "block", 0) if within_places else groups_of(joined)
    point = groups.group
    points = np.unique(point[is_new] if from_new else point)
    share = held_out_share(len(points))
    if share is None:
        return None
    some = np.random.default_rng(run.seed).choice(points, round(share * len(points)), replace=False)
    if within_places:
        is_asked = (is_new | (not from_new)) & (joined.known_place != "")
        some = blocks_to_hold_out(joined.known_place, point, share, run.seed, is_asked)
    if not from_new and not within_places and len(np.unique(point[is_new])) == 1:
        # Without its only new point, the update would not be one.
        some = np.random.default_rng(run.seed).choice(np.setdiff1d(points, point[is_new]), len(some), False)
    is_held_out = np.isin(point, some)
    asked = parts.without_silent(joined)
    is_query = (is_held_out & is_new if from_new else is_held_out) & (asked.n_heard > 0)
    old = joined[~is_held_out & ~is_new]
    new = joined[~is_held_out & is_new]
    if not len(old) or (len(parts.new) and not len(new)):  # the new scans are where all the old ones were
        return None
    twin = learn(old, new, run.within("calibration", "to calibrate: "))
    words = f"{len(some)} of {len(points)} {groups.kind}s"
    queries = asked[is_query]
    rest = joined[~is_held_out]
    return Trial(rest, queries, point[is_query], twin.locate, words, groups.kind == "walk")
