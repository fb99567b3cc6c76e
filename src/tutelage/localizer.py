"""The estimator that a user meets: fit, predict, save, load."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError, FileFormatError, NotFittedError
from tutelage.files.model_folder import read_model_folder, write_model_folder
from tutelage.methods.calibration import calibrate
from tutelage.methods.fitting import FitPlan, Method, learn_building, method_class, trial_of
from tutelage.methods.learning import (
    Building,
    Sources,
    TransferChoice,
    training_scans,
)
from tutelage.methods.teachers.teacher_choice import choose_teachers
from tutelage.methods.teachers.teacher_names import TeacherNames, default_network
from tutelage.networks import plain_name
from tutelage.progress import blocks
from tutelage.runtime.conformal import require_level
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Heard, Located, Positions
from tutelage.runtime.radii import PREFIX, Calibration
from tutelage.training import Budget, RunOptions, resolve_device

__all__ = ["Localizer", "Method", "Scans"]

_SCANS = 1024  # between two steps of a progress bar; a multiple of what methods take at a time

Scans: TypeAlias = FingerprintSet | Sequence[Mapping[str, float]] | np.ndarray | sparse.csr_array


class Localizer:
    """Positions from radio fingerprints.

    Parameters
    ----------
    network : "blend", "matcher", "knn", the name of a registered network, or NAME:FILE with the settings of a
        network file. None is the blend; with teachers of networks, a transfer or a recipe of the paper, the
        DNN
    teachers : one or several of: a teacher, the path of a teacher file, the name of one that comes with
        Tutelage ("zoo:dnn-tampere"), "untrained" (the control); or "none", "all" of the zoo that fit the
        network, "auto" (see `choose_teachers`). The matcher has one, by default "zoo:matcher"
    transfer : "collective" or "sequential", the methods that the paper compares with, or "none"
    sources : one or several buildings that a transfer learns first; of a survey its training split
    recipe : "paper" or "default" (networks only)
    settings : changes to the network's and the recipe's settings, by name
    epochs, minutes : budget; neither means the recipe's own
    budget : the same as an object, which may be in updates too; instead of epochs and minutes
    seed : of every random number
    device : "auto", "cpu", "cuda", ...
    calibrate : learn a radius for each position and which scans to refuse, from a twin of the model that did
        not see some of the reference points (as long again as the fit; the blend has such a twin already)
    checkpoint_dir : where to keep checkpoints while fitting, None for none
    resume : continue from a checkpoint there
    log : file for the metrics as JSON lines, None for none
    progress : show progress bars on standard error

    Attributes
    ----------
    method_ : what was learnt
    frame_ : frame of the training positions
    calibration_ : radii and refusals, None without
    access_points_ : access points the model knows
    lineage_ : training data, teachers or sources, settings and figures of the fit
    """

    method_: Method
    frame_: LocalFrame
    calibration_: Calibration | None
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
        calibrate: bool = True,
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
        self.calibrate = calibrate
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
        if self.seed < 0:
            raise BadInputError(f"the seed is {self.seed}; give a whole number from 0 on")
        resolve_device(self.device)
        began = time.monotonic()
        plan, teacher_choice = choose_teachers(self._plan(), scans, name)
        fitted = learn_building(plan, scans)
        trial = trial_of(plan, scans, fitted) if self.calibrate else None
        self.method_, self.frame_ = fitted.method, scans.frame
        self.calibration_ = calibrate(scans, self.access_points_, trial, seed=self.seed) if trial else None
        self.lineage_ = {
            "source": name,
            "licence": licence,
            "data_hash": scans.content_hash(),
            "n_train": len(scans),
            **({"n_blank": n_blank} if (n_blank := int((scans.n_heard == 0).sum())) else {}),
            "seed": self.seed,
            "fit_seconds": round(time.monotonic() - began, 1),
            **fitted.lineage,
            **({"teacher_choice": teacher_choice} if teacher_choice else {}),
        }
        return self

    def _plan(self) -> FitPlan:
        options = RunOptions(
            seed=self.seed,
            device=self.device,
            budget=self._budget(),
            checkpoint_dir=Path(self.checkpoint_dir) if self.checkpoint_dir else None,
            resume=self.resume,
            log=Path(self.log) if self.log else None,
            progress=self.progress,
        )
        settings = self.settings or {}
        return FitPlan(
            self.network, self.teachers, self.transfer, self.sources, self.recipe, settings, options
        )

    def _budget(self) -> Budget:
        if self.budget is None:
            return Budget(self.epochs, self.minutes)
        if self.epochs is not None or self.minutes is not None:
            raise BadInputError("give either a budget, or epochs or minutes, not both")
        return self.budget

    # -- answering ------------------------------------------------------------------------------

    def predict(
        self, scans: Scans, *, not_heard: float | None = None, level: float = 0.95, progress: bool = False
    ) -> Positions:
        """Where scans were taken.

        Parameters
        ----------
        scans : a fingerprint set, a list of {access point: RSS in dBm}, or a matrix [n, len(access_points_)]
            in the order of `access_points_` (dense: NaN where nothing is heard)
        not_heard : another code for "not heard" in a dense matrix, such as 100
        level : share of the true positions that the radii are to hold
        progress : show a progress bar on standard error, where that is a terminal and the scans are many

        Returns
        -------
        One answer a scan. A scan in which no access point known to the model is heard, or all of them below
        the model's lowest RSS, gets no position, and the reason; of a calibrated model, neither does one that
        is too unlike every surveyed place. Access points unknown to the model are ignored and counted.

        Raises
        ------
        BadInputError
            If the scans cannot be used, or the level is no share.
        """
        require_level(level)
        asked = self._as_scans(scans, not_heard)
        method = self._fitted()
        readings = asked.aligned_to(self.access_points_)  # once, for all that looks at them
        known = readings.n_heard
        answered = np.asarray(method.representation.transform(readings).sum(axis=1) > 0)
        heard, known_part = Heard(asked.n_heard, known, answered), readings[answered]
        located = _located(method, known_part, progress)
        answers = Positions.of(asked.scan_id, self.frame_, heard, located)
        if self.calibration_ is None:
            return answers
        judged = self.calibration_.judge(known_part.rss_dbm, located.position_m, level)
        return answers.judged(answered, *judged, level)

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
        tensors = method.tensors()
        if self.calibration_ is not None:
            card["calibration"] = self.calibration_.config()
            tensors |= {PREFIX + key: value for key, value in self.calibration_.tensors().items()}
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
        of_calibration = {
            key.removeprefix(PREFIX): tensors.pop(key) for key in [*tensors] if key.startswith(PREFIX)
        }
        try:
            model = cls(card["network"], seed=card["lineage"]["seed"])
            model.method_ = method_class(card["network"]).from_config(card["method"], tensors)
            known = card.get("calibration")
            model.calibration_ = Calibration.from_config(known, of_calibration) if known else None
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


def _located(method: Method, scans: FingerprintSet, progress: bool) -> Located:
    """Block after block, so that it can be seen to go on."""
    if len(scans) <= _SCANS:
        return method.locate(scans)
    words = f"locating {len(scans):,} scans"
    parts = [method.locate(scans[these]) for these in blocks(len(scans), _SCANS, words, progress=progress)]
    return Located.joined(parts)
