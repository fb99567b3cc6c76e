"""Checks of access points and devices: who is heard where, and how strongly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set

import numpy as np

from tutelage.data.check.findings import Finding, Severity, Split, quantity
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.splits import reference_points

__all__ = ["check_access_points", "check_devices", "check_heard_on_one_side", "check_units"]

_NEAR_DBM = -60.0  # heard so strongly, an access point is not far
_APART_M = 100.0
_REACHES = ((_NEAR_DBM, _APART_M), (-80.0, 1000.0))  # in free space, 20 dBm reach 1 km with -80 dBm
_OF_A_PERSON = re.compile(
    r"_nomap$|^androidap|iphone|^direct-|galaxy|^moto[ _g]|hotspot|mifi|tether", flags=re.IGNORECASE
)
_MAC = re.compile(r"(?:^|[^0-9a-z])([0-9a-f]{2})(?:[:-]?[0-9a-f]{2}){5}$", flags=re.IGNORECASE)
_LOCAL_BIT = 0b10  # in a MAC's first byte it means: assigned locally, not by a maker
_FEW_MOVE = 3
_MOST_MOVE = 0.5  # of the access points heard so strongly
_CELL_M = 2.0
_FEWEST_COMPARED = 30
_OFFSET_DB = 3.0


def check_heard_on_one_side(train: Split, test: Split) -> Iterator[Finding]:
    """Find access points that only one of the splits hears.

    Parameters
    ----------
    train, test : Split
        Both sides of a survey.

    Yields
    ------
    Finding
        One finding for each side.
    """
    for code, here, there, words, advice in (
        (
            "heard_in_test_only",
            test,
            train,
            "of the test split are heard in it alone",
            "nothing can be learnt about them; if they are many, the building has changed: survey it again",
        ),
        (
            "heard_in_train_only",
            train,
            test,
            "of the training split are heard in it alone",
            "some are gone, or no test scan came near them; if they are many, survey again",
        ),
    ):
        heard_names = _heard(here.scans)
        alone = heard_names - _heard(there.scans)
        if alone:
            yield _about(here, alone, code, "note", f"of {len(heard_names):,} access points {words}", advice)


def check_access_points(split: Split) -> Iterator[Finding]:
    """Find access points that move, or belong to a person rather than to the building.

    Parameters
    ----------
    split : Split
        The scans.

    Yields
    ------
    Finding
        One finding for each kind.
    """
    yield from check_units(split)
    yield from _moving(split)
    yield from _named(
        split,
        lambda name: bool(_OF_A_PERSON.search(name)),
        "personal_access_point",
        "warning",
        "have names of phones and of owners who opted out (_nomap)",
        "leave their columns out: they move, and their owners did not ask to be mapped",
    )
    yield from _named(
        split,
        _is_local,
        "local_mac",
        "note",
        "have MAC addresses that no maker gave out",
        "phones draw such addresses at random; fixed access points use them for further networks. Leave out "
        "those that are listed as moving",
    )


def check_devices(split: Split) -> Iterator[Finding]:
    """Find devices that hear everything stronger or fainter than others at the same places.

    Parameters
    ----------
    split : Split
        The scans.

    Yields
    ------
    Finding
        One finding, if there are such devices.
    """
    scans = split.scans
    if scans.device is None or scans.position_m is None:
        return
    names, device = np.unique(scans.device, return_inverse=True)
    if len(names) < 2:
        return
    row = np.repeat(np.arange(len(scans)), scans.n_heard)
    place = reference_points(scans, _CELL_M)[row]
    rss_dbm = scans.rss_dbm.data.astype(np.float64)
    # Mean of each device for each access point in each cell.
    at = np.unique(place * np.int64(scans.n_access_points) + scans.rss_dbm.indices, return_inverse=True)[1]
    mine = at * np.int64(len(names)) + device[row]
    group, member = np.unique(mine, return_inverse=True)
    group_at, group_device = np.divmod(group, len(names))
    mean = np.bincount(member, weights=rss_dbm) / np.bincount(member)
    offsets = _offsets(mean, group_at, np.array(names)[group_device])
    far = {name: offset for name, offset in offsets.items() if abs(offset) >= _OFFSET_DB}
    if far:
        shown = ", ".join(
            f"{name or 'unnamed'} {offset:+.0f} dB"
            for name, offset in sorted(far.items(), key=lambda pair: pair[1])
        )
        yield split.finding(
            "device_offset",
            "note",
            np.flatnonzero(np.isin(scans.device, list(far))),
            f"{len(far)} of {len(offsets)} devices hear differently from others at the same places: {shown}",
            "nothing, if users have many phones: the methods here bear it; with few, survey with theirs",
        )


def _offsets(mean: np.ndarray, at: np.ndarray, device: np.ndarray) -> dict[str, float]:
    """Estimate how much more than others each device hears in dB, where enough comparisons exist.

    A device is compared with the median of the devices at a place, which an odd one does not move. Of two
    devices, each is compared with the other. Then all are compared with the median device.

    Parameters
    ----------
    mean : numpy.ndarray
        Mean RSS in dBm, [k].
    at : numpy.ndarray
        Number of the place and access point, [k] int from 0.
    device : numpy.ndarray
        Device, [k] str.

    Returns
    -------
    dict of str to float
        Offset of each device in dB.
    """
    n_devices = np.bincount(at)
    difference = (mean - _medians(mean, at)[at]) * np.where(n_devices == 2, 2, 1)[at]
    compared = n_devices[at] > 1
    offset = {
        str(name): float(np.median(difference[own]))
        for name in np.unique(device)
        if np.count_nonzero(own := compared & (device == name)) >= _FEWEST_COMPARED
    }
    middle = float(np.median(list(offset.values()))) if offset else 0.0
    return {name: value - middle for name, value in offset.items()}


def _medians(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the median of each group; groups are numbered from 0 and none is empty."""
    ordered = values[np.lexsort((values, group))]
    n = np.bincount(group)
    first = np.cumsum(n) - n
    return np.asarray((ordered[first + (n - 1) // 2] + ordered[first + n // 2]) / 2)


def check_units(split: Split) -> Iterator[Finding]:
    """Find positions in other units: then access points seem to move, all at once.

    Parameters
    ----------
    split : Split
        The scans; without positions nothing is found.

    Yields
    ------
    Finding
        One finding, if most access points seem to move.
    """
    for level_dbm, apart_m in _REACHES:
        moving, n_heard = _far_heard(split, level_dbm, apart_m)
        if not _most_move(split, len(moving), n_heard):
            continue
        yield split.finding(
            "units",
            "warning",
            np.empty(0, dtype=np.int64),
            f"{len(moving):,} of {quantity(n_heard, 'access point', 'are')} heard at {level_dbm:.0f} dBm or "
            f"more at places over {apart_m:,.0f} m apart, as if all of them moved",
            "look whether the positions are metres; for others pass --units place=mm (or cm, feet), "
            "or metres in "
            "one pixel, such as place=0.05",
        )
        return


def _most_move(split: Split, n_moving: int, n_heard: int) -> bool:
    is_all = n_moving == split.scans.n_access_points
    return n_moving > max(_FEW_MOVE, _MOST_MOVE * n_heard) or (is_all and n_moving > 0)


def _moving(split: Split) -> Iterator[Finding]:
    moving, n_strong = _far_heard(split)
    if not len(moving) or _most_move(split, len(moving), n_strong):
        return
    _, row, column = _strong_readings(split.scans)
    yield split.finding(
        "moving_access_point",
        "warning",
        row[np.isin(column, moving)],
        f"{quantity(len(moving), 'access point', 'are')} heard at {_NEAR_DBM:.0f} dBm or more at places "
        f"over {_APART_M:.0f} m apart",
        "leave their columns out if they are phones or buses; two with one name need two names",
        [split.scans.access_points[j] for j in moving],
    )


def _strong_readings(
    scans: FingerprintSet, level_dbm: float = _NEAR_DBM
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of strong readings, and the scan and access point of each."""
    strong = np.flatnonzero(scans.rss_dbm.data >= level_dbm)
    row = np.repeat(np.arange(len(scans)), scans.n_heard)[strong]
    return strong, row, scans.rss_dbm.indices[strong]


def _far_heard(
    split: Split, level_dbm: float = _NEAR_DBM, apart_m: float = _APART_M
) -> tuple[np.ndarray, int]:
    """Return the access points heard at a level at places far apart, and how many are heard at it at all."""
    scans = split.scans
    strong, row, column = _strong_readings(scans, level_dbm)
    if scans.position_m is None or not len(strong):
        return np.empty(0, dtype=np.int64), 0
    order = np.argsort(column, kind="stable")
    place = scans.position_m[row[order]]
    names, first = np.unique(column[order], return_index=True)
    extent = np.maximum.reduceat(place, first) - np.minimum.reduceat(place, first)
    return names[np.linalg.norm(extent, axis=1) > apart_m], len(names)


def _named(
    split: Split,
    is_such: Callable[[str], bool],
    code: str,
    severity: Severity,
    words: str,
    advice: str,
) -> Iterator[Finding]:
    names = split.scans.access_points
    matches = {name for name in names if is_such(name)}
    if matches:
        yield _about(split, matches, code, severity, f"of {len(names):,} access points {words}", advice)


def _about(
    split: Split, members: Set[str], code: str, severity: Severity, words: str, advice: str
) -> Finding:
    """Make a finding about some access points, with the scans that hear one of them."""
    names = split.scans.access_points
    is_member = np.array([name in members for name in names])
    row = np.repeat(np.arange(len(split.scans)), split.scans.n_heard)
    hears = row[is_member[split.scans.rss_dbm.indices]]
    ordered_members = [name for name in names if name in members]
    return split.finding(code, severity, hears, f"{len(members):,} {words}", advice, ordered_members)


def _is_local(name: str) -> bool:
    mac = _MAC.search(name)
    return bool(mac and int(mac[1], 16) & _LOCAL_BIT)


def _heard(scans: FingerprintSet) -> set[str]:
    return {scans.access_points[j] for j in np.unique(scans.rss_dbm.indices).tolist()}
