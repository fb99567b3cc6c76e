"""What scans hold, in a form that compares them without their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.varied.varied_text import Written
from tutelage.data.fingerprints import LABELS, FingerprintSet
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["Content", "as_written", "at_most_as_strong", "content_of", "difference", "is_part"]

_CLOSE_M = 1e-3
_CLOSE_DB = 0.01

Content = list[dict[str, Any]]
"""A scan each: its id, labels, time, position in metres and readings in dBm."""


def content_of(scans: FingerprintSet) -> Content:
    names = [normalised_name(name) for name in scans.access_points]
    rss = scans.rss_dbm
    labels = {name: getattr(scans, name) for name in (*LABELS, "time")}
    position = None if scans.position_m is None else scans.absolute_position_m
    content = []
    for i in range(len(scans)):
        part = slice(rss.indptr[i], rss.indptr[i + 1])
        content.append(
            {
                "id": str(scans.scan_id[i]),
                **{name: "" if value is None else str(value[i]) for name, value in labels.items()},
                "position": () if position is None else tuple(position[i].tolist()),
                "readings": dict(
                    sorted(zip((names[j] for j in rss.indices[part]), rss.data[part].tolist(), strict=True))
                ),
            }
        )
    return content


def at_most_as_strong(scan: dict[str, Any], strongest_dbm: float) -> dict[str, Any]:
    return {**scan, "readings": {name: min(dbm, strongest_dbm) for name, dbm in scan["readings"].items()}}


def as_written(content: Content, written: Written, names: list[str]) -> Content:
    missing = {} if written.code is None else dict.fromkeys(names, written.code)
    return [
        {
            **scan,
            "position": tuple(written.factor * axis for axis in scan["position"]),
            "readings": dict(sorted({**missing, **scan["readings"]}.items())),
        }
        for scan in content
    ]


def _key(scan: dict[str, Any]) -> tuple[Any, ...]:
    readings = tuple((name, round(dbm, 1)) for name, dbm in scan["readings"].items())
    return (*(scan[name] for name in ("id", *LABELS, "time")), readings)


def difference(wanted: Content, read: Content) -> str | None:
    """Say how two contents differ; None if they hold the same scans in any order."""
    if len(wanted) != len(read):
        return f"{len(read)} scans for {len(wanted)}"
    pairs = zip(
        *(sorted(each, key=lambda scan: (_key(scan), scan["position"])) for each in (wanted, read)),
        strict=True,
    )
    for one, other in pairs:
        for name in one:
            if not _alike(one[name], other[name]):
                return f"{name} {other[name]} for {one[name]}"
    return None


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and np.allclose(one, other, rtol=0, atol=_CLOSE_M)
    if isinstance(one, dict):
        return [*one] == [*other] and np.allclose([*one.values()], [*other.values()], rtol=0, atol=_CLOSE_DB)
    return bool(one == other)


def is_part(scan: dict[str, Any], whole: dict[str, Any]) -> bool:
    same = all(_alike(scan[name], whole[name]) for name in (*LABELS, "position"))
    missing = -np.inf
    return same and all(
        abs(whole["readings"].get(name, missing) - dbm) <= _CLOSE_DB for name, dbm in scan["readings"].items()
    )
