"""The estimator that a user meets: fit, predict, save, load."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pydantic import ValidationError
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError, FileFormatError, NotFittedError
from tutelage.files.model_folder import read_model_folder, write_model_folder
from tutelage.methods.base import FitPlan, Fitted, FittedMethod, MethodSpec, Teachers
from tutelage.methods.calibration import calibrate, calibrate_places
from tutelage.methods.fit_plan import AnySurvey, Surveys, fit_plan, training_set
from tutelage.methods.lineage import Lineage
from tutelage.methods.method_registry import MethodChoice, method_names, spec_of
from tutelage.methods.teacher_choice import choose_teachers
from tutelage.methods.teacher_names import PretrainedName, TeacherNames, with_zoo_teachers
from tutelage.methods.twin import answers_places, place_trial, twin_trial
from tutelage.progress import blocks
from tutelage.runtime.conformal import require_level
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.judging import Judge
from tutelage.runtime.place_calibration import PLACE_PREFIX, PlaceCalibration
from tutelage.runtime.positions import HeardCounts, Located, Positions
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.radii import PREFIX, Calibration
from tutelage.training import RunOptions, named_run, resolve_device

__all__ = ["Localizer", "Scans"]

_SCANS = 1024  # between two steps of a progress bar; a multiple of what methods take at a time


class _NotFittedError(NotFittedError, SklearnNotFittedError):  # type: ignore[misc]
    """What tools of scikit-learn wait for as well."""


Scans: TypeAlias = FingerprintSet | Sequence[Mapping[str, float]] | np.ndarray | sparse.csr_array


class Localizer(BaseEstimator):  # type: ignore[misc]
    """Fit a model to a building and locate scans in it. It is a scikit-learn estimator.

    Parameters
    ----------
    method : str
        "blend", "matcher", "knn", the name of a network, or NAME:FILE with a network file from `tune`.
    teachers : one or several teachers, or a rule
        Surrogate teachers of a network: a `Teacher`, the path of its file, a name such as "zoo:dnn-tampere",
        or "untrained" (the control). Or one rule: "none", "all" for those of the zoo that fit the network, or
        "auto" for those that are clearly best on held-out points.
    pretrained : str, path or PretrainedMatcher
        Weights that matcher and blend start from: "zoo" or a file from `pretrain`. "none" trains on your own
        map alone. "untrained" is the control. "auto" takes the best on held-out points.
    transfer : {"none", "collective", "sequential"}
        Train a network on `sources` first. These are the methods that the paper compares with.
    sources : one or several surveys
        Surveys that a transfer trains on first, by their training splits.
    recipe : {"default", "paper", "printed"}
        How a network is trained.
    settings : mapping, optional
        Changes to the settings of the method and of its recipe, by name.
    run : RunOptions, optional
        Seed, device, length, checkpoints, log, progress.
    calibrate : bool
        Learn a radius for each position, how sure each place is, and which scans to refuse. This fits a
        second model without some of the scans, so it takes up to twice as long. A blend that tried a network
        has the second model already. A survey with both positions and places needs a third model.

    Attributes
    ----------
    method_ : FittedMethod
        The fitted method.
    frame_ : LocalFrame
        Frame of the training positions.
    calibration_ : Calibration or None
        Radii and refusals; None if there are none.
    place_calibration_ : PlaceCalibration or None
        Probabilities and sets of places, and refusals in a survey of places alone; None if there are none.
    has_coordinates_ : bool
        Whether the training scans have positions.
    lineage_ : Lineage
        Training data, teachers or sources, settings and figures of the fit.
    access_points_ : tuple of str
        Access points that the model knows.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=200, n_test=20)
    >>> model = tt.Localizer(method="knn", settings={"k": 3}, calibrate=False).fit(office)
    >>> model.predict(office.test).position_m.shape
    (20, 2)
    """

    method_: FittedMethod
    frame_: LocalFrame
    calibration_: Calibration | None
    place_calibration_: PlaceCalibration | None
    has_coordinates_: bool
    lineage_: Lineage

    def __init__(
        self,
        method: str | MethodChoice = "blend",
        *,
        teachers: TeacherNames | Teachers = (),
        pretrained: PretrainedName = "zoo",
        transfer: str = "none",
        sources: Surveys = (),
        recipe: str = "default",
        settings: Mapping[str, Any] | None = None,
        run: RunOptions | None = None,
        calibrate: bool = True,
    ) -> None:
        self.method = method
        self.teachers = teachers
        self.pretrained = pretrained
        self.transfer = transfer
        self.sources = sources
        self.recipe = recipe
        self.settings = settings
        self.run = run
        self.calibrate = calibrate

    @property
    def access_points_(self) -> tuple[str, ...]:
        """Access points that the model knows."""
        return self._fitted().representation.access_points

    @property
    def method_spec(self) -> MethodSpec:
        """The registered method behind `method`."""
        return spec_of(self.method)

    # -- learning -------------------------------------------------------------------------------

    def fit(self, survey: AnySurvey) -> Localizer:
        """Fit the model to training scans.

        Parameters
        ----------
        survey : Survey or FingerprintSet
            Training scans, or a survey with a training split; with positions, places or both.

        Returns
        -------
        Localizer
            Itself.

        Raises
        ------
        BadInputError, UnknownNameError
            If the data, a name or a setting cannot be used.
        """
        scans, name, licence = training_set(survey)
        began = time.monotonic()
        plan = fit_plan(
            self.method,
            teachers=self.teachers,
            pretrained=self.pretrained,
            transfer=self.transfer,
            sources=self.sources,
            recipe=self.recipe,
            settings=self.settings,
            run=named_run(self.run, name),
        )
        resolve_device(plan.run.device)
        plan, teacher_choice = choose_teachers(with_zoo_teachers(plan, scans, name), scans, name)
        fitted = plan.method.fit(plan, scans)
        if scans.position_m is None and not answers_places(fitted.method, scans):
            raise BadInputError(
                f"{plan.method.name} answers positions alone, and {name!r} has places alone; choose another "
                "method, or add the columns x_m and y_m"
            )
        self.method_ = fitted.method
        self.frame_ = scans.frame
        self.has_coordinates_ = scans.position_m is not None
        self._calibrate(plan, scans, fitted, name)
        self.lineage_ = Lineage(
            **dict(fitted.lineage),
            survey=name,
            licence=licence,
            data_hash=scans.content_hash(),
            n_train=len(scans),
            n_blank=int((scans.n_heard == 0).sum()),
            seed=plan.run.seed,
            fit_seconds=round(time.monotonic() - began, 1),
            teacher_choice=teacher_choice,
        )
        return self

    def _calibrate(self, plan: FitPlan, scans: FingerprintSet, fitted: Fitted, survey: str) -> None:
        """Learn how sure the answers are, on scans that a twin of the model never saw."""
        self.calibration_ = self.place_calibration_ = None
        if not self.calibrate:
            return
        options: dict[str, Any] = {"survey": survey, "seed": plan.run.seed}
        trial = twin_trial(plan, scans, fitted)
        of_places = place_trial(plan, scans, fitted) if self.has_coordinates_ else trial
        if trial and self.has_coordinates_:
            self.calibration_ = calibrate(scans, self.access_points_, trial, **options)
        if of_places:
            self.place_calibration_ = calibrate_places(scans, self.access_points_, of_places, **options)

    # -- answering ------------------------------------------------------------------------------

    def predict(
        self, scans: Scans, *, not_heard: float | None = None, level: float = 0.95, progress: bool = False
    ) -> Positions:
        """Locate scans.

        Parameters
        ----------
        scans : FingerprintSet, list of mappings, or matrix
            A fingerprint set, a list of {access point: RSS in dBm}, or a matrix [n, len(access_points_)] in
            the order of `access_points_` (dense: NaN where nothing is heard).
        not_heard : float, optional
            Number that means "not heard" in a dense matrix, such as 100.
        level : float
            Share of the true positions that the radii must contain, and of the true places that the sets
            must.
        progress : bool
            Show a progress bar on standard error, if that is a terminal and there are many scans.

        Returns
        -------
        Positions
            One answer for each scan, without a position or place if the scan hears no access point of the
            model. A calibrated model also refuses a scan that is unlike every surveyed place. `reason` says
            why.
            Unknown access points are ignored and counted.

        Raises
        ------
        BadInputError
            If the scans cannot be used, or the level is not between 0 and 1.
        NotFittedError
            If the model is not fitted yet.
        """
        require_level(level)
        queries = self._as_scans(scans, not_heard)
        method = self._fitted()
        readings = queries.aligned_to(self.access_points_)  # once, for all that looks at them
        is_answered = method.representation.hears(readings)
        counts = HeardCounts(queries.n_heard, readings.n_heard, is_answered)
        answerable = readings[is_answered]
        located = _located(method, answerable, progress)
        answers = Positions.from_answers(
            queries.scan_id, self.frame_, counts, located, has_coordinates=self.has_coordinates_
        )
        judge = Judge(self.calibration_, self.place_calibration_)
        return judge.judge(answers, located, answerable.rss_dbm, is_answered, level)

    def _as_scans(self, scans: Scans, not_heard: float | None) -> FingerprintSet:
        if isinstance(scans, FingerprintSet):
            return scans
        if not isinstance(scans, (np.ndarray, sparse.sparray, sparse.spmatrix)):
            if isinstance(scans, Mapping):
                raise BadInputError("give a list of scans, also for one scan: predict([scan])")
            return FingerprintSet.from_scans(scans)
        names = self.access_points_
        if scans.ndim != 2 or scans.shape[1] != len(names):
            raise BadInputError(
                f"the matrix has shape {scans.shape}; it needs {len(names)} columns, "
                "in the order of access_points_"
            )
        if isinstance(scans, np.ndarray):
            is_heard = ~np.isnan(scans) & (True if not_heard is None else scans != not_heard)
            scans = csr_from_dense(scans, is_heard)
        return FingerprintSet(sparse.csr_array(scans), names, np.arange(scans.shape[0]).astype(np.str_))

    def without_calibration(self) -> Localizer:
        """Return a copy of the model without radii and refusals."""
        model = copy(self)
        model.calibration_ = model.place_calibration_ = None
        return model

    # -- the model folder -----------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one self-contained folder; see `write_model_folder` for what it may replace."""
        method = self._fitted()
        card = {
            "method": self.method_spec.name,
            "config": method.config(),
            "frame": {"origin_m": list(self.frame_.origin_m), "epsg": self.frame_.epsg},
            "coordinates": self.has_coordinates_,
            "lineage": self.lineage_.as_dict(),
        }
        tensors = method.tensors()
        if self.calibration_ is not None:
            card["calibration"] = self.calibration_.config()
            tensors |= {PREFIX + key: value for key, value in self.calibration_.tensors().items()}
        if self.place_calibration_ is not None:
            card["place_calibration"] = self.place_calibration_.config()
            tensors |= {PLACE_PREFIX + key: value for key, value in self.place_calibration_.tensors().items()}
        write_model_folder(path, card, tensors)

    @classmethod
    def load(cls, path: str | Path) -> Localizer:
        """Read a model folder.

        Raises
        ------
        BadInputError
            If there is no model.
        FileFormatError
            If it is damaged, cut short or of another version.
        """
        card, tensors = read_model_folder(path)
        calibration_tensors, place_tensors = (with_prefix(tensors, each) for each in (PREFIX, PLACE_PREFIX))
        of_method = {name: tensors[name] for name in tensors if not name.startswith((PREFIX, PLACE_PREFIX))}
        name = card.get("method")
        if isinstance(name, str) and name not in method_names():
            raise FileFormatError(
                f"model {path} is of method {name!r}, which is not registered here; import the module that "
                "registers it, or install its package"
            )
        try:
            lineage = Lineage.model_validate(card["lineage"])
            model = cls(card["method"], run=RunOptions(seed=lineage.seed))
            model.method_ = model.method_spec.load(card["config"], of_method)
            calibration = card.get("calibration")
            model.calibration_ = (
                Calibration.from_config(calibration, calibration_tensors) if calibration else None
            )
            of_places = card.get("place_calibration")
            model.place_calibration_ = (
                PlaceCalibration.from_config(of_places, place_tensors) if of_places else None
            )
            model.has_coordinates_ = card.get("coordinates", True)
            model.frame_ = LocalFrame(tuple(card["frame"]["origin_m"]), card["frame"]["epsg"])
            model.lineage_ = lineage
        except (KeyError, TypeError, ValueError, RuntimeError, ValidationError) as error:
            raise FileFormatError(f"model {path} does not fit this version: {error}; fit it again") from error
        return model

    def _fitted(self) -> FittedMethod:
        if not hasattr(self, "method_"):
            raise _NotFittedError(
                "this localizer has not learnt a building yet; call fit or Localizer.load first"
            )
        return self.method_


def _located(method: FittedMethod, scans: FingerprintSet, progress: bool) -> Located:
    """Locate block after block, so that a progress bar can be shown."""
    if len(scans) <= _SCANS:
        return method.locate(scans)
    words = f"locating {len(scans):,} scans"
    parts = [method.locate(scans[rows]) for rows in blocks(len(scans), _SCANS, words, progress=progress)]
    return Located.join(parts)
