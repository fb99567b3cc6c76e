"""Every protocol of the service; a further one is a module and a line here."""

from __future__ import annotations

from tutelage.serving.api import (
    devices,
    entry,
    find3,
    geolocate,
    geosubmit,
    health,
    learning,
    locate,
    models,
    omlox,
    plans,
    surveys,
)
from tutelage.serving.api.protocol import Protocol
from tutelage.serving.problems import Render, plain_body

__all__ = ["PROTOCOLS", "batch_paths", "render_for"]

PROTOCOLS: tuple[Protocol, ...] = (
    geolocate.PROTOCOL,
    geosubmit.PROTOCOL,
    locate.PROTOCOL,
    find3.PROTOCOL,
    devices.PROTOCOL,
    entry.PROTOCOL,
    models.PROTOCOL,
    omlox.PROTOCOL,
    plans.PROTOCOL,
    surveys.PROTOCOL,
    health.PROTOCOL,
    learning.PROTOCOL,
)


def render_for(path: str) -> Render:
    """Return how the protocol of a path writes problems.

    Parameters
    ----------
    path : str
        Path of a request.

    Returns
    -------
    callable
        Our own words for a path that belongs to none.
    """
    prefixes = [
        (prefix, protocol.render)
        for protocol in PROTOCOLS
        for prefix in protocol.paths
        if path.startswith(prefix)
    ]
    return max(prefixes, key=lambda item: len(item[0]))[1] if prefixes else plain_body


def batch_paths() -> tuple[str, ...]:
    """Return the paths whose bodies carry batches.

    Returns
    -------
    tuple of str
        How the paths begin.
    """
    return tuple(path for protocol in PROTOCOLS for path in protocol.batch_paths)
