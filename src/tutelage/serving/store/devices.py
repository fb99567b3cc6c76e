"""The devices that were heard of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, case, delete, exists, select

from tutelage.serving.store.database import Database, change_row, rows_of, upsert
from tutelage.serving.store.tables import devices, track_points

__all__ = ["Device", "Devices", "note_seen"]


@dataclass(frozen=True)
class Device:
    """A phone, tag or other device.

    Parameters
    ----------
    id : str
        The name that the device gives itself.
    name : str
        What people call it; at first its id.
    first_seen_s, last_seen_s : float
        Times of its first and newest scan, in seconds since 1970.
    settings : mapping
        What is set for this device alone, such as its offset in dB.
    """

    id: str
    name: str
    first_seen_s: float
    last_seen_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)


class Devices:
    """The devices of a store.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, device: str, time_s: float) -> None:
        """Note that a device was there.

        Parameters
        ----------
        device : str
            Its id. A new one is added.
        time_s : float
            When, in seconds since 1970. Times may come in any order.
        """
        with self._database.writing() as connection:
            note_seen(connection, [(device, time_s)])

    def all(self) -> list[Device]:
        """Return every device, by its id."""
        with self._database.reading() as connection:
            return rows_of(connection, select(devices).order_by(devices.c.id), Device)

    def get(self, device: str) -> Device | None:
        """Return a device by its id; None if it was never heard of."""
        with self._database.reading() as connection:
            return next(
                iter(rows_of(connection, select(devices).where(devices.c.id == device), Device)), None
            )

    def rename(self, device: str, name: str) -> None:
        """Call a device otherwise.

        Raises
        ------
        UnknownNameError
            If the device was never heard of.
        """
        with self._database.writing() as connection:
            change_row(connection, devices, "device", device, name=name)

    def set_settings(self, device: str, settings: Mapping[str, Any]) -> None:
        """Replace the settings of a device.

        Raises
        ------
        UnknownNameError
            If the device was never heard of.
        """
        with self._database.writing() as connection:
            change_row(connection, devices, "device", device, settings=settings)

    def prune(self, before_s: float) -> int:
        """Remove the devices that were last heard before a time, and that nobody has named or set.

        Parameters
        ----------
        before_s : float
            The time, in seconds since 1970.

        Returns
        -------
        int
            Number of devices that were removed. One that still has a track stays.
        """
        has_track = exists().where(track_points.c.device == devices.c.id)
        silent = select(devices).where(
            devices.c.last_seen_s < before_s, devices.c.name == devices.c.id, ~has_track
        )
        with self._database.writing() as connection:
            unset = [each.id for each in rows_of(connection, silent, Device) if not each.settings]
            for device in unset:
                connection.execute(delete(devices).where(devices.c.id == device))
        return len(unset)


def note_seen(connection: Connection, times: Iterable[tuple[str, float]]) -> None:
    """Note devices and when they were there, in a transaction of the caller."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for device, time_s in times:
        first[device] = min(time_s, first.get(device, time_s))
        last[device] = max(time_s, last.get(device, time_s))

    def widened(new: Any) -> dict[str, Any]:
        old = devices.c
        return {
            "first_seen_s": case(
                (new.first_seen_s < old.first_seen_s, new.first_seen_s), else_=old.first_seen_s
            ),
            "last_seen_s": case((new.last_seen_s > old.last_seen_s, new.last_seen_s), else_=old.last_seen_s),
        }

    rows = [Device(device, device, first[device], last[device]) for device in first]
    upsert(connection, devices, rows, widened)
