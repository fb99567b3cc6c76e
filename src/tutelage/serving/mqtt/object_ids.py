"""Names of devices in topics and in Home Assistant, which allow few characters."""

from __future__ import annotations

import hashlib
import re

__all__ = ["entity_name", "object_id"]

_OTHER = re.compile(r"[^a-zA-Z0-9_-]+")
_LONGEST = 64
_KEPT = 40
_HASH_DIGITS = 12


def object_id(device: str) -> str:
    """Name a device with letters, digits, `_` and `-` alone.

    A name that has to be changed gets a hash of the whole name, so that two devices never share an id.

    Parameters
    ----------
    device : str
        Id of the device.

    Returns
    -------
    str
        The same id for the same device, also after a restart.

    Examples
    --------
    >>> object_id("phone1"), object_id("phone 1"), object_id("phone/1")
    ('phone1', 'phone_1_fd17957e7004', 'phone_1_370597c0a2b6')
    """
    clean = _OTHER.sub("_", device).strip("_")
    if clean == device and len(device) <= _LONGEST:
        return clean
    digest = hashlib.sha256(device.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{clean[:_KEPT] or 'device'}_{digest}"


def entity_name(object_id: str) -> str:
    """Spell an object id as Home Assistant spells the ids of entities.

    Parameters
    ----------
    object_id : str
        From `object_id`.

    Returns
    -------
    str
        Lower case letters, digits and `_`.
    """
    return re.sub("[-_]+", "_", object_id.lower()).strip("_") or "device"
