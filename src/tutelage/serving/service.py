"""The service: what happens to a scan, whichever way it came in."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tutelage.errors import TutelageError
from tutelage.serving.answers import Answer
from tutelage.serving.batches import Batches
from tutelage.serving.gone_access_points import GoneAccessPoints
from tutelage.serving.heard_scans import Heard, HeardScan
from tutelage.serving.learning import Learning
from tutelage.serving.live_events import LiveEvents
from tutelage.serving.metrics import Metrics
from tutelage.serving.offset_desk import OffsetDesk
from tutelage.serving.replicas import Replicas, as_shown, as_stored
from tutelage.serving.room_outlines import RoomOutlines
from tutelage.serving.served_models import ServedModels
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Forgotten, Store
from tutelage.serving.store import TrackPoint as StoredPoint
from tutelage.serving.survey_desk import SurveyDesk
from tutelage.serving.tracks.devices import Devices
from tutelage.serving.tracks.places import Rooms
from tutelage.serving.tracks.receivers import ReceiverWindow
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.track import TrackPoint

__all__ = ["Service"]

_INLINE = 8  # scans that are located in the event loop, in a few milliseconds
_BATCH = 512
_RELOAD_S = 2.0
_SILENCE_S = 1.0
_PRUNE_S = 3600.0
_DAY_S = 86_400.0
_RESTORED_S = 300.0
_RESTORED_POINTS = 100
_log = logging.getLogger("tutelage.serving")
STALE = "every reading is older than {bound:g} s"


class Service:
    """Locates scans, keeps tracks of devices, and tells who listens.

    Parameters
    ----------
    models : ServedModels
        What locates scans.
    store : Store
        What keeps tracks.
    settings : ServeSettings
        Limits and radii.
    track_settings : TrackSettings
        How scans of a device become a track.
    models_folder : Path
        Where models that are learnt from surveys are written.
    """

    def __init__(
        self,
        models: ServedModels,
        store: Store,
        settings: ServeSettings,
        track_settings: TrackSettings,
        models_folder: Path,
    ) -> None:
        self.models = models
        self.store = store
        self.settings = settings
        self.events = LiveEvents(settings.streams)
        self.metrics = Metrics()
        self.gone_access_points = GoneAccessPoints()
        self.track_settings = track_settings
        self._rooms: dict[str, Rooms] = {}
        self.devices = Devices(track_settings, self._rooms)
        self.surveys = SurveyDesk(store.surveys, self.events)
        self.learning = Learning(store, models, self.events, models_folder, settings.level)
        self.offsets = OffsetDesk(store, models)
        self._replicas = Replicas(store, models, self.devices)
        self._receivers = ReceiverWindow(settings.window_s, settings.min_receivers)
        self._locating = Batches(
            self._locate, largest=_BATCH, most_waiting=settings.waiting_scans, inline=_INLINE
        )
        self._storing = Batches(self._keep, largest=_BATCH, most_waiting=settings.waiting_scans)
        self._missing: set[str] = set()  # from the store, when it was read last
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to work; to be called in the event loop."""
        await asyncio.to_thread(self._restore)
        self._locating.start()
        self._storing.start()
        repeated = {
            self._reload: _RELOAD_S,
            self._follow: _SILENCE_S,
            self._silence: _SILENCE_S,
            self._refresh: _RELOAD_S,
            self._merge: _SILENCE_S,
            self._prune: _PRUNE_S,
        }
        self._tasks = [asyncio.create_task(_again_and_again(*each)) for each in repeated.items()]

    async def stop(self) -> None:
        """Finish what was accepted, then end."""
        self.events.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.learning.stop()
        await self._locating.stop()
        await self._storing.stop()

    @property
    def is_busy(self) -> bool:
        """Whether as many scans wait as may."""
        waiting = max(self._locating.n_waiting, self._storing.n_waiting)
        return waiting >= self.settings.waiting_scans

    async def locate(self, scans: Sequence[HeardScan]) -> list[Answer]:
        """Locate scans, each for itself.

        Parameters
        ----------
        scans : sequence of HeardScan
            The scans.

        Returns
        -------
        list of Answer
            One for each scan, in order.

        Raises
        ------
        TooBusyError
            If too many scans wait already.
        """
        began_s = time.perf_counter()
        answers = await self._locating.submit(scans)
        self.metrics.located(answers, time.perf_counter() - began_s)
        return answers

    async def hear(self, heard: Sequence[Heard]) -> list[TrackPoint]:
        """Locate scans of devices, go on with their tracks, keep them, and tell who listens.

        Parameters
        ----------
        heard : sequence of Heard
            Scans with their devices. They are kept when this returns.

        Returns
        -------
        list of TrackPoint
            One for each scan, in order.

        Raises
        ------
        TooBusyError
            If too many scans wait already.
        """
        answers = await self.locate([self.offsets.shift(each) for each in heard])
        now_s = time.time()
        points = [
            self.devices.add(each.device, answer, now_s) for each, answer in zip(heard, answers, strict=True)
        ]
        devices = [each.device for each in heard]
        await self._storing.submit([as_stored(*each) for each in zip(devices, points, strict=True)])
        await self.surveys.collect(heard)
        for device, point in zip(devices, points, strict=True):
            self._tell(device, point)
        return points

    def receive(self, device: str, receiver: str, rss_dbm: float, time_s: float) -> None:
        """Note that a fixed receiver hears a device; what several hear in a window becomes one scan.

        Parameters
        ----------
        device, receiver : str
            Who is heard, and by whom.
        rss_dbm : float
            How strongly, in dBm.
        time_s : float
            When, in seconds since 1970.
        """
        self._receivers.hear(device, receiver, rss_dbm, time_s)

    async def forget(self, device: str) -> Forgotten:
        """Forget a device.

        Parameters
        ----------
        device : str
            Its id.

        Returns
        -------
        Forgotten
            What was removed.

        Raises
        ------
        UnknownNameError
            If nothing is known of it.
        """
        forgotten = await asyncio.to_thread(self.store.forget, device)
        self._drop(device)
        return forgotten

    # -- in the threads of the batches ----------------------------------------------------------------

    def _locate(self, scans: list[HeardScan]) -> list[Answer]:
        bound_s = self.settings.max_age_s
        fresh = [scan.not_older_than(bound_s) for scan in scans]
        answers = self.models.locate(fresh, self.settings.level)
        self.gone_access_points.note(self.models.all(), fresh, answers)
        return [
            replace(answer, n_heard=len(scan.rss_dbm), reason=STALE.format(bound=bound_s))
            if scan.rss_dbm and not kept.rss_dbm
            else answer
            for scan, kept, answer in zip(scans, fresh, answers, strict=True)
        ]

    def _restore(self) -> None:
        """Go on with the tracks of devices that were heard shortly before a restart."""
        self.refresh_rooms()
        since_s = time.time() - _RESTORED_S
        for last in self.store.tracks.last():
            if last.time_s >= since_s:
                stored = self.store.tracks.of(last.device, since_s, limit=_RESTORED_POINTS)
                self.devices.restore(last.device, map(as_shown, stored))

    def refresh_rooms(self) -> None:
        """Read the rooms again: their outlines name the place of a position."""
        outlines = RoomOutlines(self.store.rooms.all())
        for model in self.models.all():
            self._rooms[model.name] = outlines
        if not outlines:
            self._rooms.clear()

    def _keep(self, points: list[StoredPoint]) -> list[None]:
        self.store.tracks.add(points)
        return [None] * len(points)

    # -- again and again ------------------------------------------------------------------------------

    async def _reload(self) -> None:
        changed = await asyncio.to_thread(self.models.reload)
        for name, error in changed + await asyncio.to_thread(self._replicas.new_models):
            self.metrics.reloaded(name, error)
            if error is not None:
                _log.warning("model %s cannot be read: %s", name, error)
            self.events.publish("model", name, {"name": name, "problem": str(error) if error else None})

    async def _follow(self) -> None:
        if self.store.is_shared:
            stored = await asyncio.to_thread(self._replicas.stored, time.time())
            for device, point in self._replicas.follow(stored, time.time()):
                self._tell(device, point)

    async def _silence(self) -> None:
        for device, point in self.devices.silent(time.time()):
            self._tell(device, point)

    async def _refresh(self) -> None:
        # Another replica may have opened a session, or changed a room.
        await asyncio.to_thread(self.surveys.refresh)
        await asyncio.to_thread(self.refresh_rooms)
        heard = {*self.devices.last()}
        stored = await asyncio.to_thread(self.store.devices.all)
        self.offsets.refresh(stored)
        self._drop_forgotten(heard - {device.id for device in stored})

    def _drop_forgotten(self, missing: set[str]) -> None:
        """Drop the tracks of devices that the command or another replica has forgotten."""
        for device in missing & self._missing:  # what was heard just now may be stored in a moment
            self._drop(device)
        self._missing = missing

    def _drop(self, device: str) -> None:
        self.devices.forget(device)
        self.offsets.forget(device)
        self.events.publish("forgotten", device, {"device": device})

    async def _merge(self) -> None:
        heard = [Heard(device, scan) for device, scan in self._receivers.complete(time.time())]
        if heard:
            await self.hear(heard)

    async def _prune(self) -> None:
        now_s = time.time()
        kept_s = self.settings.retention_days * _DAY_S
        await asyncio.to_thread(self.store.tracks.prune, now_s - kept_s, now_s + _DAY_S)
        await asyncio.to_thread(self.store.devices.prune, now_s - kept_s)

    def _tell(self, device: str, point: TrackPoint) -> None:
        if point.is_late:  # the device has been elsewhere since
            return
        self.events.publish("device", device, {"device": device, **point.as_json()})


async def _again_and_again(work: Callable[[], Awaitable[None]], pause_s: float) -> None:
    last_words = ""
    while True:
        try:
            await work()
        except Exception as error:  # the next time may succeed
            is_expected = isinstance(error, TutelageError | OSError)
            words = str(error) if is_expected else repr(error)
            if words != last_words:
                _log.warning("%s: %s", work.__name__.strip("_"), words, exc_info=not is_expected)
            last_words = words
        else:
            last_words = ""
        await asyncio.sleep(pause_s)
