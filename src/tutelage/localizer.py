"""The estimator that a user meets: fit, predict, save, load."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from scipy import sparse

from tutelage.errors import BadInputError, FileFormatError, NotFittedError
from tutelage.fingerprints import FingerprintSet
from tutelage.frames import LocalFrame
from tutelage.learning import (
    Building,
    Sources,
    TeacherNames,
    TransferChoice,
    checked_transfer,
    default_network,
    learn_by_transfer,
    learn_under_teachers,
    listed_sources,
    loaded_teachers,
    scorer_teaching,
    training_scans,
)
from tutelage.model_folder import read_model_folder, write_model_folder
from tutelage.neighbours import NearestNeighbours, choose_settings
from tutelage.networks import plain_name
from tutelage.positions import Heard, Located, Positions
from tutelage.representation import RssRepresentation
from tutelage.scorer import Scorer, ScorerTeaching, fit_scorer
from tutelage.sparse_rows import csr_from_dense
from tutelage.student import Student
from tutelage.training import Budget, RunOptions, resolve_device
from tutelage.tutor import Tutor, fit_tutor

__all__ = ["Localizer", "Method", "Scans"]

_KNN, _SCORER, _TUTOR = "knn", "scorer", "tutor"
_METHODS = {_KNN: NearestNeighbours, _SCORER: Scorer, _TUTOR: Tutor}  # other names are networks'

Scans: TypeAlias = FingerprintSet | Sequence[Mapping[str, float]] | np.ndarray | sparse.csr_array


class Method(Protocol):
    """What stands behind a localizer: a radio map with a distance, or a trained network."""

    @property
    def representation(self) -> RssRepresentation: ...
    def locate(self, scans: FingerprintSet) -> Located: ...
    def config(self) -> dict[str, Any]: ...
    def tensors(self) -> dict[str, np.ndarray]: ...


class Localizer:
    """Positions from radio fingerprints.

    Parameters
    ----------
    network : "tutor", "scorer", "knn", the name of a registered network, or NAME:FILE with the settings of a
        network file. None is the tutor; with teachers, a transfer or a recipe of the paper, the DNN
    teachers : one or several of: a teacher, the path of a teacher file, "untrained" (the control), "none";
        the scorer has one, by default that which comes with Tutelage
    transfer : "collective" or "sequential", the methods that the paper compares with, or "none"
    sources : one or several buildings that a transfer learns first; of a survey its training split
    recipe : "paper" or "default" (networks only)
    settings : changes to the network's and the recipe's settings, by name
    epochs, minutes : budget; neither means the recipe's own
    budget : the same as an object, which may be in updates too; instead of epochs and minutes
    seed : of every random number
    device : "auto", "cpu", "cuda", ...
    checkpoint_dir : where to keep checkpoints while fitting, None for none
    resume : continue from a checkpoint there
    log : file for the metrics as JSON lines, None for none
    progress : show progress bars on standard error

    Attributes
    ----------
    method_ : what was learnt
    frame_ : frame of the training positions
    access_points_ : access points the model knows
    lineage_ : training data, teachers or sources, settings and figures of the fit
    """

    method_: Method
    frame_: LocalFrame
    lineage_: dict[str, Any]

    def __init__(
        self,
        network: str | None = None,
        *,
        teachers: TeacherNames = (),
        transfer: TransferChoice = "none",
        sources: Sources = (),
        recipe: str = "default",
        settings: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        minutes: float | None = None,
        budget: Budget | None = None,
        seed: int = 0,
        device: str = "auto",
        checkpoint_dir: str | Path | None = None,
        resume: bool = False,
        log: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.network = network or default_network(teachers, transfer, recipe)
        self.teachers = teachers
        self.transfer = transfer
        self.sources = sources
        self.recipe = recipe
        self.settings = settings
        self.epochs = epochs
        self.minutes = minutes
        self.budget = budget
        self.seed = seed
        self.device = device
        self.checkpoint_dir = checkpoint_dir
        self.resume = resume
        self.log = log
        self.progress = progress

    @property
    def access_points_(self) -> tuple[str, ...]:
        return self._fitted().representation.access_points

    # -- learning -------------------------------------------------------------------------------

    def fit(self, train: Building) -> Localizer:
        """Learn a building from its training scans (of a survey: its training split).

        Raises
        ------
        BadInputError, UnknownNameError
            If the data, a name or a setting cannot be used.
        """
        scans, name, licence = training_scans(train)
        resolve_device(self.device)
        began = time.monotonic()
        special = {_KNN: self._fit_knn, _SCORER: self._fit_scorer, _TUTOR: self._fit_tutor}
        learnt = special.get(self.network, self._fit_network)(scans)
        self.frame_ = scans.frame
        self.lineage_ = {
            "source": name,
            "licence": licence,
            "data_hash": scans.content_hash(),
            "n_train": len(scans),
            "seed": self.seed,
            "fit_seconds": round(time.monotonic() - began, 1),
            **learnt,
        }
        return self

    def _fit_knn(self, scans: FingerprintSet) -> dict[str, Any]:
        if checked_transfer(self.transfer, listed_sources(self.sources), self.teachers):
            raise BadInputError("knn has no transfer; leave it out, or choose a network")
        length = self.epochs or self.minutes or self.budget
        if loaded_teachers(self.teachers) or self.recipe != "default" or length:
            raise BadInputError("knn has no teachers, recipes or epochs; leave them out, or choose a network")
        settings, held_out_m = choose_settings(
            scans, self.settings or {}, seed=self.seed, progress=self.progress
        )
        self.method_ = NearestNeighbours.fit(scans, settings)
        metrics = {} if held_out_m is None else {"held_out_mae_m": round(held_out_m, 3)}
        return {"teachers": [], "settings": settings.model_dump(), "metrics": metrics}

    def _fit_scorer(self, scans: FingerprintSet) -> dict[str, Any]:
        teacher = self._scorer_teaching()
        self.method_, lineage = fit_scorer(scans, teacher, self.settings or {}, self._run_options())
        return {**lineage, "metrics": {}}

    def _fit_tutor(self, scans: FingerprintSet) -> dict[str, Any]:
        teacher = self._scorer_teaching()
        self.method_, lineage = fit_tutor(scans, teacher, self.settings or {}, self._run_options())
        return lineage

    def _scorer_teaching(self) -> ScorerTeaching:
        if checked_transfer(self.transfer, listed_sources(self.sources), ()):
            raise BadInputError(
                f"the {self.network} has no transfer; what other buildings taught is in its teacher"
            )
        if self.recipe != "default":
            raise BadInputError(f"the {self.network} has one recipe, default; the paper does not describe it")
        return scorer_teaching(self.teachers)

    def _fit_network(self, scans: FingerprintSet) -> dict[str, Any]:
        heard = scans[scans.n_heard > 0]
        sources = listed_sources(self.sources)
        kind = checked_transfer(self.transfer, sources, self.teachers)
        how = (self.recipe, self.settings or {}, self._run_options())
        learnt = (
            learn_by_transfer(heard, self.network, sources, kind, *how)
            if kind
            else learn_under_teachers(heard, self.network, loaded_teachers(self.teachers), *how)
        )
        self.method_ = learnt.student
        error_m = np.linalg.norm(learnt.student.locate(heard).position_m - heard.known_position_m, axis=1)
        return {**learnt.lineage, "metrics": {"training_mae_m": round(float(error_m.mean()), 3)}}

    def _run_options(self) -> RunOptions:
        return RunOptions(
            seed=self.seed,
            device=self.device,
            budget=self._budget(),
            checkpoint_dir=Path(self.checkpoint_dir) if self.checkpoint_dir else None,
            resume=self.resume,
            log=Path(self.log) if self.log else None,
            progress=self.progress,
        )

    def _budget(self) -> Budget:
        if self.budget is None:
            return Budget(self.epochs, self.minutes)
        if self.epochs is not None or self.minutes is not None:
            raise BadInputError("give either a budget, or epochs or minutes, not both")
        return self.budget

    # -- answering ------------------------------------------------------------------------------

    def predict(self, scans: Scans, *, not_heard: float | None = None) -> Positions:
        """Where scans were taken.

        Parameters
        ----------
        scans : a fingerprint set, a list of {access point: RSS in dBm}, or a matrix [n, len(access_points_)]
            in the order of `access_points_` (dense: NaN where nothing is heard)
        not_heard : another code for "not heard" in a dense matrix, such as 100

        Returns
        -------
        One answer a scan. A scan in which no access point known to the model is heard, or all of them below
        the model's lowest RSS, gets no position, and the reason. Access points unknown to the model are
        ignored and counted.
        """
        asked = self._as_scans(scans, not_heard)
        method = self._fitted()
        known = asked.aligned_to(self.access_points_).n_heard
        answered = np.asarray(method.representation.transform(asked).sum(axis=1) > 0)
        heard = Heard(asked.n_heard, known, answered)
        return Positions.of(asked.scan_id, self.frame_, heard, method.locate(asked[answered]))

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
            heard = ~np.isnan(scans) & (True if not_heard is None else scans != not_heard)
            scans = csr_from_dense(scans, heard)
        return FingerprintSet(sparse.csr_array(scans), names, np.arange(scans.shape[0]).astype(np.str_))

    # -- the model folder -----------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one self-contained folder; see `write_model_folder` for what it may replace."""
        method = self._fitted()
        card = {
            "network": plain_name(self.network),
            "method": method.config(),
            "frame": {"origin_m": list(self.frame_.origin_m), "epsg": self.frame_.epsg},
            "lineage": self.lineage_,
        }
        write_model_folder(path, card, method.tensors())

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
        kind: Any = _METHODS.get(card["network"], Student)
        try:
            model = cls(card["network"], seed=card["lineage"]["seed"])
            model.method_ = kind.from_config(card["method"], tensors)
            model.frame_ = LocalFrame(tuple(card["frame"]["origin_m"]), card["frame"]["epsg"])
            model.lineage_ = card["lineage"]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FileFormatError(f"model {path} does not fit this version: {error}; fit it again") from error
        return model

    def _fitted(self) -> Method:
        if not hasattr(self, "method_"):
            raise NotFittedError(
                "this localizer has not learnt a building yet; call fit or Localizer.load first"
            )
        return self.method_
