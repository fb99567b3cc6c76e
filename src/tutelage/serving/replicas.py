"""What other replicas of the service have done: they share a store, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tutelage.errors import TutelageError
from tutelage.serving.answers import Answer
from tutelage.serving.served_models import ServedModels, Stamp, file_stamp
from tutelage.serving.store import Store
from tutelage.serving.store import TrackPoint as StoredPoint
from tutelage.serving.tracks.devices import Devices
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["Replicas", "as_shown", "as_stored"]

_OVERLAP_S = 15.0  # a point may reach the store so long after its scan


class Replicas:
    """Takes over points of tracks and models from the store.

    Parameters
    ----------
    store : Store
        What the replicas share.
    models : ServedModels
        The models of this one.
    devices : Devices
        The tracks of this one.
    """

    def __init__(self, store: Store, models: ServedModels, devices: Devices) -> None:
        self._store = store
        self._models = models
        self._devices = devices
        self._tried: dict[str, tuple[float, Stamp]] = {}

    def stored(self, now_s: float) -> list[StoredPoint]:
        """Read the newest points of all replicas.

        Parameters
        ----------
        now_s : float
            The present time, in seconds since 1970.

        Returns
        -------
        list of StoredPoint
            By time.
        """
        return self._store.tracks.since(now_s - _OVERLAP_S)

    def follow(self, stored: Iterable[StoredPoint], now_s: float) -> Iterator[tuple[str, TrackPoint]]:
        """Go on with tracks by the answers that other replicas gave; to be called in the event loop.

        Parameters
        ----------
        stored : iterable of StoredPoint
            Points of all replicas, by time.
        now_s : float
            The present time, in seconds since 1970.

        Yields
        ------
        tuple of str and TrackPoint
            Device and point, for each point that this replica did not know.
        """
        last = self._devices.last()
        for point in stored:
            own = last.get(point.device)
            if own is None or own.time_s < point.time_s:
                last[point.device] = self._devices.add(point.device, as_shown(point).answer, now_s)
                yield point.device, last[point.device]

    def new_models(self) -> list[tuple[str, TutelageError | None]]:
        """Answer with the models that were learnt from surveys and went live.

        One that cannot be read is tried again when its files change.

        Returns
        -------
        list of tuple
            Name of each that is new, and why it could not be read.
        """
        outcome: list[tuple[str, TutelageError | None]] = []
        for learnt in self._store.models.all():
            path = Path(learnt.path)
            if not learnt.active or self._models.is_from(learnt.name, path):
                continue
            tried = (learnt.created_s, file_stamp(path))
            if self._tried.get(learnt.name) == tried:
                continue
            self._tried[learnt.name] = tried
            try:
                self._models.put(learnt.name, path)
                outcome.append((learnt.name, None))
            except TutelageError as error:
                outcome.append((learnt.name, error))
        return outcome


def as_stored(device: str, point: TrackPoint) -> StoredPoint:
    """Write a point of a track for the store, with the raw answer behind it.

    Parameters
    ----------
    device : str
        Id of the device.
    point : TrackPoint
        The point.

    Returns
    -------
    StoredPoint
        A row.
    """
    return StoredPoint(
        device,
        point.time_s,
        model=point.answer.model,
        reason=point.reason,
        x_m=point.x_m,
        y_m=point.y_m,
        floor=point.floor,
        building=point.building,
        place=point.place,
        radius_m=point.radius_m,
        payload=point.as_json(),
    )


def as_shown(stored: StoredPoint) -> TrackPoint:
    """Read a point of a track from the store.

    Parameters
    ----------
    stored : StoredPoint
        A row.

    Returns
    -------
    TrackPoint
        The point.
    """
    answer = stored.payload["answer"]
    raw = Answer(**{**answer, "place_set": tuple(answer["place_set"])})
    return TrackPoint(**{**stored.payload, "answer": raw})
