"""The models that the service answers with, and which of them answers a scan."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.runtime.access_point_names import normalised_name
from tutelage.runtime.exported_file import read_exported
from tutelage.runtime.exported_model import Runtime
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.survey_map import SurveyMap
from tutelage.serving.answers import Answer
from tutelage.serving.exported_copy import exported_copy
from tutelage.serving.heard_scans import HeardScan

__all__ = ["ServedModel", "ServedModels", "Stamp", "file_stamp"]

Stamp = tuple[tuple[int, int], ...]

NOTHING_HEARD = "the scan is blank: nothing is heard"
NO_MODEL = "no model knows an access point of the scan"


@dataclass(frozen=True)
class ServedModel:
    """A model that is loaded.

    Parameters
    ----------
    name : str
        Name in answers.
    runtime : Runtime
        What locates scans.
    access_points : frozenset of str
        Names of the access points that it knows, each MAC address in one spelling.
    survey : SurveyMap
        The survey that it keeps.
    """

    name: str
    runtime: Runtime
    access_points: frozenset[str]
    survey: SurveyMap

    @classmethod
    def load(cls, name: str, path: Path) -> ServedModel:
        """Read an exported model.

        Parameters
        ----------
        name : str
            Name in answers.
        path : Path
            What `tutelage export` wrote.

        Returns
        -------
        ServedModel
            The model.
        """
        card, files = read_exported(path)
        runtime = Runtime(card, files)
        runtime.prepare()
        known = frozenset(map(normalised_name, runtime.access_points))
        return cls(name, runtime, known, SurveyMap.read(card, files))

    @property
    def card(self) -> dict[str, Any]:
        """Description of the model."""
        return self.runtime.card

    @property
    def diagonal_m(self) -> float:
        """Largest distance of two surveyed places along both axes, in metres."""
        x, y, x_far, y_far = self.survey.extent_m or (0.0, 0.0, 0.0, 0.0)
        return math.hypot(x_far - x, y_far - y)

    def locate(self, scans: Sequence[HeardScan], level: float) -> list[Answer]:
        """Locate scans.

        Parameters
        ----------
        scans : sequence of HeardScan
            The scans.
        level : float
            As in `ServeSettings`.

        Returns
        -------
        list of Answer
            One for each scan.
        """
        records = self.runtime.locate([scan.rss_dbm for scan in scans], level=level)
        return [self._answer(scan, record) for scan, record in zip(scans, records, strict=True)]

    def _answer(self, scan: HeardScan, record: dict[str, Any]) -> Answer:
        n_heard = len(scan.rss_dbm)
        has_position = record.get("x_m") is not None
        return Answer(
            time_s=scan.time_s,
            model=self.name,
            reason=record["reason"],
            n_heard=n_heard,
            n_known=n_heard - record["n_unknown"],
            x_m=record.get("x_m"),
            y_m=record.get("y_m"),
            epsg=self.card["frame"]["epsg"] if has_position else None,
            latitude=record.get("lat"),
            longitude=record.get("lon"),
            radius_m=record.get("radius_m"),
            level=record["level"],
            floor=record["floor"] or None,
            building=record["building"] or None,
            place=record.get("place"),
            place_probability=record.get("place_probability"),
            place_set=tuple(record.get("place_set", ())),
        )


class _Source(NamedTuple):
    """Where a model comes from, and what its files were like when it was read."""

    path: Path
    stamp: Stamp


class ServedModels:
    """The models of a service; a file that changes is read again while the old model goes on answering.

    Parameters
    ----------
    paths : sequence of Path
        What `tutelage fit` or `tutelage export` wrote. The name of a model is that of its file or folder.

    Raises
    ------
    BadInputError
        If no model is given, two have one name, or one cannot be read.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._lock = threading.Lock()
        self._sources: dict[str, _Source] = {}
        self._models: dict[str, ServedModel] = {}
        for path in paths:
            name = path.stem if path.is_file() else path.resolve().name
            if name in self._models:
                raise BadInputError(f"two models have the name {name!r}; rename one of their files")
            self.put(name, path)

    def put(self, name: str, path: Path) -> ServedModel:
        """Load a model, and answer with it from now on; a model of this name is replaced.

        Parameters
        ----------
        name : str
            Name of the model.
        path : Path
            What `tutelage fit` or `tutelage export` wrote.

        Returns
        -------
        ServedModel
            The model. Requests that run go on with the old one.
        """
        stamp = file_stamp(path)
        model = ServedModel.load(name, exported_copy(path))
        with self._lock:
            self._models = {**self._models, name: model}
            self._sources[name] = _Source(path, stamp)
        return model

    def is_from(self, name: str, path: Path) -> bool:
        """Return whether a model was read from a path; it is then read again whenever its files change."""
        source = self._sources.get(name)
        return source is not None and source.path == path

    def changed(self) -> list[tuple[str, Path]]:
        """Return name and path of the models whose files have changed since they were read."""
        with self._lock:
            sources = dict(self._sources)
        return [
            (name, source.path) for name, source in sources.items() if file_stamp(source.path) != source.stamp
        ]

    def reload(self) -> list[tuple[str, TutelageError | None]]:
        """Read the models again whose files have changed.

        Returns
        -------
        list of tuple
            Name of each, and why it could not be read: the old model goes on then.
        """
        outcome: list[tuple[str, TutelageError | None]] = []
        for name, path in self.changed():
            try:
                self.put(name, path)
                outcome.append((name, None))
            except TutelageError as error:
                with self._lock:  # not again until it changes once more
                    self._sources[name] = _Source(path, file_stamp(path))
                outcome.append((name, error))
        return outcome

    def all(self) -> list[ServedModel]:
        """Return the models, in the order in which they were given."""
        return [*self._models.values()]

    def get(self, name: str) -> ServedModel:
        """Return a model by its name.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        ServedModel
            The model.

        Raises
        ------
        UnknownNameError
            If there is none of this name.
        """
        models = self._models
        if name not in models:
            raise UnknownNameError("model", name, models)
        return models[name]

    def frame_of(self, building: str | None) -> LocalFrame:
        """Return the coordinates of the survey of a building.

        Parameters
        ----------
        building : str or None
            Name of the building.

        Returns
        -------
        LocalFrame
            The frame of absolute coordinates: that of the first model if no model knows the building.
        """
        models = self.all()
        of_building = (model for model in models if building in (model.card.get("buildings") or ()))
        chosen = next(of_building, models[0])
        return LocalFrame(epsg=chosen.card["frame"]["epsg"])

    def choose(self, scan: HeardScan) -> ServedModel | None:
        """Choose the model that knows the most access points of a scan.

        Parameters
        ----------
        scan : HeardScan
            The scan.

        Returns
        -------
        ServedModel or None
            The model, the first of those that know equally many; None if none knows any.
        """
        names = {normalised_name(name) for name in scan.rss_dbm}
        best: ServedModel | None = None
        most = 0
        for model in self._models.values():
            n_known = len(names & model.access_points)
            if n_known > most:
                best, most = model, n_known
        return best

    def locate(self, scans: Sequence[HeardScan], level: float) -> list[Answer]:
        """Locate scans, each by the model that knows the most of it.

        Parameters
        ----------
        scans : sequence of HeardScan
            The scans.
        level : float
            As in `ServeSettings`.

        Returns
        -------
        list of Answer
            One for each scan, in order.
        """
        rows: dict[str, list[int]] = defaultdict(list)
        chosen: dict[str, ServedModel] = {}
        answers: list[Answer | None] = [None] * len(scans)
        for row, scan in enumerate(scans):
            model = self.choose(scan)
            if model is None:
                reason = NO_MODEL if scan.rss_dbm else NOTHING_HEARD
                answers[row] = Answer(scan.time_s, None, reason, len(scan.rss_dbm), 0)
            else:
                rows[model.name].append(row)
                chosen[model.name] = model
        for name, its_rows in rows.items():
            located = chosen[name].locate([scans[row] for row in its_rows], level)
            for row, answer in zip(its_rows, located, strict=True):
                answers[row] = answer
        return [answer for answer in answers if answer is not None]


def file_stamp(path: Path) -> Stamp:
    """Return what changes when a model is written anew.

    Parameters
    ----------
    path : Path
        File or folder of a model.

    Returns
    -------
    tuple
        Time of the last change and size, of each file; empty between an old model and a new one.
    """
    try:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        return tuple((status.st_mtime_ns, status.st_size) for status in (file.stat() for file in files))
    except OSError:
        return ()
