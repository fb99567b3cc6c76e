"""Offsets of phones: learnt on request over the scans that follow, and then applied."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from tutelage.errors import BadInputError
from tutelage.serving.heard_scans import Heard, HeardScan
from tutelage.serving.served_models import ServedModels
from tutelage.serving.store import Device, Store
from tutelage.serving.tracks.phone_offset import PhoneOffset, learnt_offset, shifted

__all__ = ["OffsetDesk"]

_SETTING = "offset"
_MOST_SCANS = 500
_MOST_DEVICES = 100


class OffsetDesk:
    """Collects scans of the phones whose offset is wanted, and shifts the readings of those that have one.

    Parameters
    ----------
    store : Store
        Where offsets are kept, with the device's settings.
    models : ServedModels
        What an offset is learnt from.
    """

    def __init__(self, store: Store, models: ServedModels) -> None:
        self._store = store
        self._models = models
        self._scans: dict[str, deque[HeardScan]] = {}
        self._offset_db: dict[str, float] = {}

    def refresh(self, stored: Iterable[Device]) -> None:
        """Note which phones have an offset.

        Parameters
        ----------
        stored : iterable of Device
            All devices of the store.
        """
        self._offset_db = {
            device.id: float(device.settings[_SETTING]["offset_db"])
            for device in stored
            if _SETTING in device.settings
        }

    def shift(self, heard: Heard) -> HeardScan:
        """Return a scan as a phone of the survey would have heard it, and keep it if its offset is wanted.

        Parameters
        ----------
        heard : Heard
            A scan with its device.

        Returns
        -------
        HeardScan
            The scan, unchanged for a device without an offset.
        """
        if heard.device in self._scans:
            self._scans[heard.device].append(heard.scan)
        offset_db = self._offset_db.get(heard.device)
        return heard.scan if offset_db is None else shifted(heard.scan, offset_db)

    def begin(self, device: str) -> None:
        """Collect the scans of a device from now on.

        Parameters
        ----------
        device : str
            Its id.

        Raises
        ------
        BadInputError
            If the offsets of too many devices are being learnt already.
        """
        if len(self._scans) >= _MOST_DEVICES:
            raise BadInputError(f"{_MOST_DEVICES} offsets are being learnt already; end one first")
        self._scans.setdefault(device, deque(maxlen=_MOST_SCANS))

    def applied_db(self, device: str) -> float | None:
        """Return what is added to the readings of a device, in dB; None if nothing is."""
        return self._offset_db.get(device)

    def state(self, device: str) -> dict[str, Any]:
        """Return how far a device is, for JSON.

        Parameters
        ----------
        device : str
            Its id.

        Returns
        -------
        dict
            `n_scans` that were collected, None if none are; and the `offset` that is applied, or None.
        """
        found = self._store.devices.get(device)
        offset = found.settings.get(_SETTING) if found else None
        scans = self._scans.get(device)
        return {"n_scans": None if scans is None else len(scans), "offset": offset}

    def learn(self, device: str) -> PhoneOffset:
        """Learn the offset of a device from the scans that were collected.

        Parameters
        ----------
        device : str
            Its id.

        Returns
        -------
        PhoneOffset
            The offset and how sure it is. It is not applied yet.

        Raises
        ------
        BadInputError
            If too few scans were collected, or no model knows them.
        """
        scans = [*self._scans.get(device, ())]
        models = [model for scan in scans if (model := self._models.choose(scan)) is not None]
        if not models:
            raise BadInputError(
                f"no scan of {device!r} was collected that a model knows; begin to learn, then walk about"
            )
        most = max({model.name: model for model in models}.values(), key=models.count)
        return learnt_offset(most.runtime, scans)

    def apply(self, device: str, offset: PhoneOffset | None) -> None:
        """Shift the readings of a device from now on, or no longer.

        Parameters
        ----------
        device : str
            Its id.
        offset : PhoneOffset or None
            The offset; None ends the shift.

        Raises
        ------
        UnknownNameError
            If the device was never heard.
        """
        found = self._store.devices.get(device)
        others = {} if found is None else {k: v for k, v in found.settings.items() if k != _SETTING}
        own = {} if offset is None else {_SETTING: offset.as_json()}
        self._store.devices.set_settings(device, others | own)
        self._scans.pop(device, None)
        self.refresh(self._store.devices.all())

    def forget(self, device: str) -> None:
        """Drop what was collected of a device.

        Parameters
        ----------
        device : str
            Its id.
        """
        self._scans.pop(device, None)
        self._offset_db.pop(device, None)
