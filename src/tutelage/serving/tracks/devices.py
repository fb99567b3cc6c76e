"""The tracks of many devices, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from tutelage.serving.answers import Answer
from tutelage.serving.tracks.places import Rooms
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.track import Track, TrackPoint

__all__ = ["Devices"]


class Devices:
    """Tracks by device. Above `max_devices`, the track least recently added to goes first.

    Parameters
    ----------
    settings : TrackSettings, optional
        How to smooth, and how many tracks to keep.
    rooms : mapping of str to Rooms, optional
        Outlines of rooms by the name of the model.

    Examples
    --------
    >>> devices = Devices(TrackSettings(silence_s=60.0))
    >>> heard = Answer(0.0, model="hq", reason="", n_heard=9, n_known=9, x_m=3.0, y_m=7.0)
    >>> devices.add("phone 1", heard).x_m
    3.0
    >>> [(device, point.x_m, point.reason) for device, point in devices.silent(now_s=61.0)]
    [('phone 1', None, 'nothing said for 61 s where the device is')]
    """

    def __init__(
        self, settings: TrackSettings | None = None, rooms: Mapping[str, Rooms] | None = None
    ) -> None:
        self._settings = settings or TrackSettings()
        self._rooms = {} if rooms is None else rooms  # one that is empty is filled later
        self._tracks: OrderedDict[str, Track] = OrderedDict()
        self._behind_s: dict[str, float] = {}

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self._tracks)

    def add(self, device: str, answer: Answer, now_s: float | None = None) -> TrackPoint:
        """Take in the answer to a device's scan.

        Parameters
        ----------
        device : str
            The device.
        answer : Answer
            The answer.
        now_s : float, optional
            When it arrives, in seconds since 1970: silence then counts from there, since clocks of devices
            may be wrong.

        Returns
        -------
        TrackPoint
            As `Track.add` returns it.
        """
        track = self._tracks.setdefault(device, Track(self._settings, self._rooms))
        self._tracks.move_to_end(device)
        if len(self._tracks) > self._settings.max_devices:
            self.forget(next(iter(self._tracks)))
        point = track.add(answer)
        if now_s is None:
            return point
        if point.is_late and track.last is not None and not track.last.is_known:
            # Its clock was set back, and nothing that came before says where it is.
            self._tracks[device] = Track(self._settings, self._rooms)
            point = self._tracks[device].add(answer)
        if not point.is_late:
            self._behind_s[device] = now_s - answer.time_s
        return point

    def silent(self, now_s: float) -> list[tuple[str, TrackPoint]]:
        """Return the devices that have become unknown since the last call, with their unknown points.

        Parameters
        ----------
        now_s : float
            The present time, in seconds since 1970.

        Returns
        -------
        list of tuple of str and TrackPoint
            Each device once, until it is heard again.
        """
        points = (
            (device, track.silent(now_s - self._behind_s.get(device, 0.0)))
            for device, track in self._tracks.items()
        )
        return [(device, point) for device, point in points if point is not None]

    def last(self) -> dict[str, TrackPoint]:
        """Return the newest point of each device."""
        return {device: track.last for device, track in self._tracks.items() if track.last is not None}

    def forget(self, device: str) -> bool:
        """Delete the track of a device, and return whether there was one."""
        self._behind_s.pop(device, None)
        return self._tracks.pop(device, None) is not None

    def restore(self, device: str, points: Iterable[TrackPoint]) -> None:
        """Build the track of a device anew from points that were stored, as after a restart.

        Parameters
        ----------
        device : str
            The device. A track that it has is replaced.
        points : iterable of TrackPoint
            Its points in the order in which they were added. The last few minutes do: what is older than
            a silence or a change of floor and place has no part in what follows.
        """
        self.forget(device)
        for point in points:
            self.add(device, point.answer)
