"""What is held out to choose and to measure: whole walks of a walked survey, whole points of any other.

A model is asked about walks that nobody has walked yet. Scans of one walk are seconds apart and come from one
phone, so a hold-out that leaves the rest of the walk in the map measures memory. The same holds for phones:
where a survey has a few, one of them asks about places that the others surveyed. Named places such as rooms
are another question: blocks of scans within them are held out (`place_blocks`), never whole places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.place_blocks import blocks_to_hold_out, place_blocks, walks
from tutelage.data.splits import is_spread, reference_points, split_groups
from tutelage.data.survey_places import distance_m, walk_sections
from tutelage.errors import BadInputError

__all__ = [
    "FEWEST_WALKS",
    "MANY_PHONES",
    "Groups",
    "HoldOut",
    "Lack",
    "are_apart",
    "can_be_held_out",
    "groups_of",
    "hold_out",
    "hold_out_groups",
    "hold_out_within_places",
    "lacks",
    "n_phones",
    "places",
    "unsaid",
]

Lack: TypeAlias = Literal["phone", "day"]
"""What a survey may have too few of."""

FEWEST_WALKS = 8  # below, half of them is too few for a map
MANY_PHONES = 8  # so many differ among each other as much as the next one will
_REACH_M = 5.0  # a place is known where another walk came so near; as long as a section of a walk
_FIRST_DATE = np.datetime64("1980-01-01")  # earlier times count from the start of a walk
_WALKED = 0.5  # share of the scans taken on the way, above which a survey is a walked one


@dataclass(frozen=True, eq=False)
class Groups:
    """Scans that are held out together.

    Parameters
    ----------
    group : numpy.ndarray
        Group of each scan from 0 without gaps, [n] int.
    kind : str
        "walk", "reference point" or "block", which is a part of the scans of one place.
    n_walks : int
        How many walks there are; 0 in a survey that was not walked.
    """

    group: np.ndarray
    kind: str
    n_walks: int

    def __len__(self) -> int:
        """How many groups there are."""
        return int(self.group.max(initial=-1)) + 1


@dataclass(frozen=True, eq=False)
class HoldOut:
    """A survey divided into scans to learn and scans to ask about.

    Parameters
    ----------
    rest, held_out : numpy.ndarray
        Sorted rows of the scans.
    group : numpy.ndarray
        Group of each held-out scan from 0 without gaps, [m] int.
    groups : Groups
        Of the whole survey.
    n_phones : int
        How many phones there are, if one of them asks and the others surveyed; else 0.
    """

    rest: np.ndarray
    held_out: np.ndarray
    group: np.ndarray
    groups: Groups
    n_phones: int = 0

    @property
    def words(self) -> str:
        """What is held out, such as "18 of 120 walks"."""
        words = f"{int(self.group.max()) + 1} of {len(self.groups)} {self.groups.kind}s"
        words += " of scans within places" if self.groups.kind == "block" else ""
        return f"{words}, and 1 of {self.n_phones} phones" if self.n_phones else words


def groups_of(scans: FingerprintSet) -> Groups:
    """Return what is held out together: walks where a survey has enough of them, else reference points.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions, or with places alone: then blocks of scans within places.

    Returns
    -------
    Groups
        Of the n scans.
    """
    if scans.position_m is None:
        return Groups(place_blocks(scans), "block", 0)
    point = reference_points(scans)
    position = np.unique(scans.known_position_m, axis=0, return_inverse=True)[1].ravel()
    is_walked = np.mean(walk_sections(scans, position) >= 0) > _WALKED if len(scans) else False
    if not is_walked:
        return Groups(point, "reference point", 0)
    walk = walks(scans)
    n_walks = int(walk.max()) + 1
    if n_walks < FEWEST_WALKS:
        return Groups(point, "reference point", n_walks)
    return Groups(walk, "walk", n_walks)


def hold_out(scans: FingerprintSet, fraction: float, seed: int, *, across_phones: bool = True) -> HoldOut:
    """Hold out whole groups, as many as come closest to a share of the scans.

    A scan of a held-out walk is asked about where another walk came within 5 m of it. Elsewhere the map has
    nothing, so it is neither learnt nor asked about. In a survey of two to seven phones that was not walked,
    the held-out points are one phone's, and nothing of this phone is learnt.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions, or with places alone (see `hold_out_within_places`).
    fraction : float
        Share of the scans, in (0, 1).
    seed : int
        Random seed; it decides which groups are held out.
    across_phones : bool, default True
        Whether a phone may be held out as well, which leaves less to learn.

    Returns
    -------
    HoldOut
        Neither part is empty.

    Raises
    ------
    BadInputError
        If all scans belong to one group.
    """
    if scans.position_m is None:
        return hold_out_within_places(scans, fraction, seed)
    groups = groups_of(scans)
    if across_phones and groups.kind != "walk":
        crossed = _across_phones(scans, groups, fraction, seed)
        if crossed is not None:
            return crossed
    division = _drawn(scans, groups, fraction, seed)
    if are_apart([division]):
        return _drawn(scans, places(scans, groups), fraction, seed)
    return division


def hold_out_within_places(scans: FingerprintSet, fraction: float, seed: int) -> HoldOut:
    """Hold out blocks of scans; every place keeps one at least.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with places.
    fraction : float
        Share of the scans, in (0, 1).
    seed : int
        Random seed; it decides which blocks are held out.

    Returns
    -------
    HoldOut
        Neither part is empty.

    Raises
    ------
    BadInputError
        If every place has one scan.
    """
    groups = Groups(place_blocks(scans), "block", 0)
    blocks = blocks_to_hold_out(scans.known_place, groups.group, fraction, seed)
    if not len(blocks):
        raise BadInputError(
            f"each of the {len(groups)} places has one scan, so that none can be held out; scan each place "
            "several times"
        )
    is_held_out = np.isin(groups.group, blocks)
    rest, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    return HoldOut(rest, held_out, np.unique(groups.group[held_out], return_inverse=True)[1], groups)


def can_be_held_out(scans: FingerprintSet) -> bool:
    """Tell whether a survey of places alone has a place with several blocks of scans.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions or places.

    Returns
    -------
    bool
        True for scans with positions.
    """
    if scans.position_m is not None:
        return True
    return len(np.unique(place_blocks(scans))) > len(np.unique(scans.known_place))


def hold_out_groups(scans: FingerprintSet, groups: Groups, held_out: np.ndarray) -> HoldOut:
    """Hold out these groups. Scans of which the rest knows nothing are not asked about.

    These are scans of walks with no other walk within 5 m, and of places that are held out whole.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions or places.
    groups : Groups
        Of the n scans.
    held_out : numpy.ndarray
        Numbers of groups, some but not all, [k] int.

    Returns
    -------
    HoldOut
        Its held-out scans may be none, where each walk went its own way, or each place has one scan.
    """
    is_held_out = np.isin(groups.group, held_out)
    rest, asked = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    if groups.kind == "walk":
        asked = asked[distance_m(scans[rest], scans[asked]) <= _REACH_M]
    if groups.kind == "block":
        asked = asked[np.isin(scans.known_place[asked], scans.known_place[rest])]
    return HoldOut(rest, asked, np.unique(groups.group[asked], return_inverse=True)[1], groups)


def are_apart(divisions: Sequence[HoldOut]) -> bool:
    """Tell whether most held-out scans cannot be asked about, for the rest knows nothing of where they are.

    Walks that went their own ways cannot be held out whole, nor places of one scan.

    Parameters
    ----------
    divisions : sequence of HoldOut
        Of one survey.

    Returns
    -------
    bool
        False where reference points are held out.
    """
    n_held_out = sum(len(each.groups.group) - len(each.rest) for each in divisions)
    return 2 * sum(len(each.held_out) for each in divisions) < n_held_out


def places(scans: FingerprintSet, groups: Groups) -> Groups:
    """Return the reference points of a survey as groups, for walks that cannot be held out whole.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with positions.
    groups : Groups
        Of the n scans.

    Returns
    -------
    Groups
        They remember how many walks there are.
    """
    return Groups(reference_points(scans), "reference point", groups.n_walks)


def n_phones(scans: FingerprintSet) -> int:
    """Count the named phones of a survey.

    Parameters
    ----------
    scans : FingerprintSet
        Scans of a survey.

    Returns
    -------
    int
        0 if none is named.
    """
    return 0 if scans.device is None else len(set(scans.device) - {""})


def lacks(scans: FingerprintSet) -> tuple[Lack, ...]:
    """Return what a survey has too few of, so that no hold-out can tell how others differ.

    Parameters
    ----------
    scans : FingerprintSet
        Scans of a survey.

    Returns
    -------
    tuple of {"phone", "day"}
        "phone" if fewer than eight are named, or if none is and the survey was walked or has places alone.
        "day" if all known times are of one.
    """
    found: list[Lack] = []
    phones = n_phones(scans)
    is_of_one = scans.position_m is None or bool(groups_of(scans).n_walks)
    if 0 < phones < MANY_PHONES or (not phones and is_of_one):
        found.append("phone")
    if scans.time is not None and len(np.unique(scans.time[scans.time > _FIRST_DATE].astype("M8[D]"))) == 1:
        found.append("day")
    return tuple(found)


def unsaid(scans: FingerprintSet) -> str:
    """Say what no hold-out of these scans can measure.

    Parameters
    ----------
    scans : FingerprintSet
        Scans of a survey.

    Returns
    -------
    str
        A sentence; "" where a survey has several phones and days, and several walks if it was walked.
    """
    groups = groups_of(scans)
    few = []
    if groups.kind != "walk" and groups.n_walks:
        few.append("one walk" if groups.n_walks == 1 else f"{groups.n_walks} walks")
    if n_phones(scans) == 1:
        few.append("one phone")
    if "day" in lacks(scans):
        few.append("one day")
    if not few:
        return ""
    *others, last = few
    return f"the survey has {', '.join(others)}{' and ' if others else ''}{last}; others will differ"


def _drawn(scans: FingerprintSet, groups: Groups, fraction: float, seed: int) -> HoldOut:
    """Hold out groups at random, as many as come closest to a share of the scans."""
    held_out = split_groups(groups.group, fraction, seed, groups.kind)[1]
    return hold_out_groups(scans, groups, np.unique(groups.group[held_out]))


def _across_phones(scans: FingerprintSet, groups: Groups, fraction: float, seed: int) -> HoldOut | None:
    """Hold out points of one phone, and all else of that phone; None if the others were not near them."""
    if scans.device is None or (scans.device == "").any():
        return None
    names, phone = np.unique(scans.device, return_inverse=True)
    if not 2 <= len(names) < MANY_PHONES:
        return None
    rng = np.random.default_rng(seed)
    is_own = phone == rng.integers(len(names))
    own = np.unique(groups.group[is_own])
    chosen = rng.permutation(own)[: max(1, round(fraction * len(groups)))]
    is_chosen = np.isin(groups.group, chosen)
    rest = np.flatnonzero(~is_own & ~is_chosen)
    held_out = np.flatnonzero(is_own & is_chosen)
    if not is_spread(scans[rest]):
        return None
    near = held_out[distance_m(scans[rest], scans[held_out]) <= _REACH_M]
    if 2 * len(near) < len(held_out):
        return None
    group = np.unique(groups.group[near], return_inverse=True)[1]
    return HoldOut(rest, near, group, groups, len(names))
