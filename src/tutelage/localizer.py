"""The estimator that a user meets: fit, predict, save, load."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays
from scipy import sparse

from tutelage.distilling import DistillingRecipe, Student, TeacherChoice, distil, distilling_recipe
from tutelage.errors import BadInputError, FileFormatError, NotFittedError, TutelageError, UnknownNameError
from tutelage.files import replaced_folder, require_writable_parent
from tutelage.fingerprints import FingerprintSet, LocalFrame, Survey, csr_from_dense
from tutelage.neighbours import KNNSettings, NearestNeighbours, choose_settings
from tutelage.networks import network_names, network_spec
from tutelage.positions import Located, Positions
from tutelage.representation import RssRepresentation
from tutelage.teaching import Teacher
from tutelage.training import Budget, RunOptions

__all__ = ["Localizer", "Scans", "split_settings"]

_FORMAT = "tutelage-model-1"
_CARD, _WEIGHTS = "model.json", "weights.safetensors"
_KNN = "knn"

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
    network : "knn", or the name of a registered network
    teachers : teachers, paths of teacher files, "untrained" (the control), or nothing
    recipe : "paper" or "default" (networks only)
    settings : changes to the network's and the recipe's settings, by name
    epochs, minutes : budget; neither means the recipe's own
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
    lineage_ : training data, teachers, settings and figures of the fit
    """

    method_: Method
    frame_: LocalFrame
    lineage_: dict[str, Any]

    def __init__(
        self,
        network: str = "dnn",
        *,
        teachers: Sequence[Teacher | str | Path] = (),
        recipe: str = "default",
        settings: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        minutes: float | None = None,
        seed: int = 0,
        device: str = "auto",
        checkpoint_dir: str | Path | None = None,
        resume: bool = False,
        log: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        self.network = network
        self.teachers = teachers
        self.recipe = recipe
        self.settings = settings
        self.epochs = epochs
        self.minutes = minutes
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

    def fit(self, train: FingerprintSet | Survey) -> Localizer:
        """Learn a building from its training scans (of a survey: its training split).

        Raises
        ------
        BadInputError, UnknownNameError
            If the data, a name or a setting cannot be used.
        """
        scans, name, licence = (
            (train.train, train.name, train.licence) if isinstance(train, Survey) else (train, "unnamed", "")
        )
        _require_survey(scans)
        began = time.monotonic()
        learnt = self._fit_knn(scans) if self.network == _KNN else self._fit_network(scans)
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
        if self.teachers or self.recipe != "default" or self.epochs or self.minutes:
            raise BadInputError("knn has no teachers, recipes or epochs; leave them out, or choose a network")
        given = dict(self.settings or {})
        if given:
            settings, held_out_m = KNNSettings.checked(given), None
        else:
            settings, held_out_m = choose_settings(scans, given, seed=self.seed, progress=self.progress)
        self.method_ = NearestNeighbours.fit(scans, settings)
        return {"teachers": [], "metrics": {"held_out_mae_m": held_out_m and round(held_out_m, 3)}}

    def _fit_network(self, scans: FingerprintSet) -> dict[str, Any]:
        of_network, of_recipe = split_settings(
            self.network, DistillingRecipe.model_fields, self.settings or {}
        )
        teachers = _loaded(self.teachers)
        heard = scans[scans.n_heard > 0]
        student = distil(
            heard,
            self.network,
            of_network,
            teachers,
            self.recipe,
            distilling_recipe(self.recipe, of_recipe),
            RunOptions(
                seed=self.seed,
                device=self.device,
                budget=Budget(self.epochs, self.minutes),
                checkpoint_dir=Path(self.checkpoint_dir) if self.checkpoint_dir else None,
                resume=self.resume,
                log=Path(self.log) if self.log else None,
                progress=self.progress,
            ),
        )
        self.method_ = student
        error_m = np.linalg.norm(student.locate(heard).position_m - heard.known_position_m, axis=1)
        return {
            "recipe_name": self.recipe,
            "teachers": [t if isinstance(t, str) else t.card.model_dump() for t in teachers],
            "metrics": {"training_mae_m": round(float(error_m.mean()), 3)},
        }

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
        located = method.locate(asked[answered])
        position_m = np.full((len(asked), 2), np.nan)
        position_m[answered] = located.position_m
        reason = np.select(
            [answered, asked.n_heard == 0, known == 0],
            ["", "the scan is blank: nothing is heard", "no access point that the model knows is heard"],
            "every access point that the model knows is heard too faintly, below its lowest RSS",
        )
        return Positions(
            asked.scan_id,
            position_m,
            self.frame_,
            reason,
            asked.n_heard - known,
            _spread(located.floor, answered),
            _spread(located.building, answered),
        )

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
        """Write one self-contained folder; it appears whole, and an older model there is replaced whole.

        Raises
        ------
        BadInputError
            If something that is no model is in the way.
        TutelageError
            If the system cannot write; what was there is unchanged.
        """
        method, path = self._fitted(), require_model_path(path)
        weights = save_arrays({key: np.ascontiguousarray(value) for key, value in method.tensors().items()})
        card = {
            "format": _FORMAT,
            "version": version("tutelage"),
            "network": self.network,
            "method": method.config(),
            "frame": {"origin_m": list(self.frame_.origin_m), "epsg": self.frame_.epsg},
            "lineage": self.lineage_,
        }
        card["sha256"] = _digest(card, weights)
        with replaced_folder(path) as folder:
            (folder / _WEIGHTS).write_bytes(weights)
            (folder / _CARD).write_text(json.dumps(card, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Localizer:
        """Read a model folder.

        Raises
        ------
        BadInputError
            If there is no such folder.
        FileFormatError
            If a file in it is damaged, cut short or of another version.
        """
        path = Path(path)
        if not (path / _CARD).is_file():
            raise BadInputError(
                f"there is no model in {path} (no {_CARD}); make one with: tutelage fit --out {path}"
            )
        try:
            card = json.loads((path / _CARD).read_text(encoding="utf-8"))
            if card["format"] != _FORMAT:
                raise FileFormatError(f"{path} has format {card['format']!r}, this version reads {_FORMAT!r}")
            weights = (path / _WEIGHTS).read_bytes()
            if card.pop("sha256") != _digest(card, weights):
                raise FileFormatError(
                    f"model {path} is damaged: it does not match its checksum; fit it again"
                )
            kind: Any = NearestNeighbours if card["network"] == _KNN else Student
            model = cls(card["network"], seed=card["lineage"]["seed"])
            model.method_ = kind.from_config(card["method"], load_arrays(weights))
            model.frame_ = LocalFrame(tuple(card["frame"]["origin_m"]), card["frame"]["epsg"])
            model.lineage_ = card["lineage"]
        except TutelageError:
            raise
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
            raise FileFormatError(f"model {path} is damaged or incomplete: {error}; fit it again") from error
        return model

    def _fitted(self) -> Method:
        if not hasattr(self, "method_"):
            raise NotFittedError(
                "this localizer has not learnt a building yet; call fit or Localizer.load first"
            )
        return self.method_


def require_model_path(path: str | Path) -> Path:
    """The path, once a model may be written there: it is free, or holds a model."""
    path = require_writable_parent(path)
    if path.exists() and not (path / _CARD).is_file():
        raise BadInputError(f"{path} exists and is no model; choose another place, nothing was overwritten")
    return path


def split_settings(
    network: str, of_recipe: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`given` divided into the network's settings and the recipe's.

    Raises
    ------
    UnknownNameError
        If the network, or a setting, is neither's.
    """
    if network not in network_names():
        raise UnknownNameError("network", network, [*network_names(), _KNN])
    of_network = network_spec(network).settings_model.model_fields
    for name in given:
        if name not in of_network and name not in of_recipe:
            raise UnknownNameError("setting", name, {*of_network, *of_recipe})
    return (
        {name: value for name, value in given.items() if name in of_network},
        {name: value for name, value in given.items() if name not in of_network},
    )


def _loaded(teachers: Sequence[Teacher | str | Path]) -> list[TeacherChoice]:
    untrained: Literal["untrained"] = "untrained"
    return [
        t if isinstance(t, Teacher) else untrained if t == untrained else Teacher.load(t) for t in teachers
    ]


def _require_survey(scans: FingerprintSet) -> None:
    heard = scans.n_heard > 0
    points = np.unique(scans.known_position_m[heard], axis=0)
    if len(points) < 2:
        raise BadInputError(
            f"the training scans that hear anything come from {len(points)} reference point(s); "
            "positions can only be learnt from several"
        )


def _digest(card: Mapping[str, Any], weights: bytes) -> str:
    return hashlib.sha256(json.dumps(card).encode() + weights).hexdigest()


def _spread(labels: np.ndarray | None, answered: np.ndarray) -> np.ndarray | None:
    if labels is None:
        return None
    full = np.full(len(answered), "", dtype=labels.dtype if len(labels) else "<U1")
    full[answered] = labels
    return full
