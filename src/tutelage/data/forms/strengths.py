"""Numbers that no receiver measures: what they likely are, and the option that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.data.forms.matrix_csv import CODE_SHARE, ONCE_OR_TWICE, is_undeclared_code
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = [
    "Strangers",
    "codes_option",
    "codes_within",
    "common_value",
    "common_value_among",
    "find_strangers",
    "out_of_range",
    "strangers_among",
]

_MOST = 0.5
_HALF = 0.5
_PERCENT_MEDIAN = 60.0  # most readings are faint: 40 percent of quality, or 80 dBm without a minus sign
_FEW = 3
_SHOWN = 5
_FAINT_DBM = -95.0  # receivers lose what is fainter
_GAP_DB = 5.0  # readings of receivers leave no gap below the others


@dataclass(frozen=True)
class Strangers:
    """Numbers that are no RSS in dBm, and what they likely are.

    Parameters
    ----------
    values : numpy.ndarray
        The numbers, each once, the commonest first.
    n : numpy.ndarray
        Number of cells with each.
    n_cells : int
        Number of all cells.
    kind : str
        "percent" or "unsigned" where they are the readings themselves, else "codes"; percent and dBm
        without a sign cannot be told apart for certain.
    not_heard : str
        Codes for `--not-heard`; "" if none is likely.
    """

    values: np.ndarray
    n: np.ndarray
    n_cells: int
    kind: str
    not_heard: str

    @property
    def share(self) -> np.ndarray:
        """Share of all cells that each number fills."""
        return np.asarray(self.n / max(self.n_cells, 1))

    @property
    def are_slips(self) -> bool:
        """Whether each stands in a cell or two."""
        return bool((self.n <= ONCE_OR_TWICE).all())

    @property
    def shown(self) -> str:
        """The commonest numbers, with the share of cells where it says something."""
        words = [
            f"{value:g}" + (f" ({share:.0%} of all cells)" if share >= 0.01 else "")
            for value, share in zip(self.values[:_SHOWN].tolist(), self.share[:_SHOWN].tolist(), strict=True)
        ]
        more = len(self.values) - _SHOWN
        return ", ".join(words) + (f" and {more} more" if more > 0 else "")

    @property
    def advice(self) -> str:
        """What to do."""
        percent = (
            "percent of signal quality, as nmcli and netsh give it, are read with --units "
            "rss=percent (dBm = percent / 2 - 100)"
        )
        unsigned = "dBm whose minus sign is missing with --units rss=unsigned"
        if self.kind == "percent":
            return f"these look like percent: {percent}, {unsigned}"
        if self.kind == "unsigned":
            return (
                f"dBm are negative; is the minus sign missing? Read them with --units rss=unsigned; {percent}"
            )
        if not self.not_heard:
            return "remove columns that are no access points"
        return f"if they mean not heard, say so: --not-heard {self.not_heard}"


def out_of_range(rss_dbm: np.ndarray) -> np.ndarray:
    """Return which numbers cannot be an RSS in dBm.

    Parameters
    ----------
    rss_dbm : numpy.ndarray
        Numbers.

    Returns
    -------
    numpy.ndarray
        Bool of the same shape.
    """
    return np.asarray((rss_dbm < RSS_MIN_DBM) | (rss_dbm > RSS_MAX_DBM))


def find_strangers(readings: np.ndarray, n_cells: int) -> Strangers | None:
    """Look at all readings of a file for numbers that no receiver measures.

    Parameters
    ----------
    readings : numpy.ndarray
        Numbers of the cells that are not empty, without declared codes, [n].
    n_cells : int
        Number of all cells.

    Returns
    -------
    Strangers or None
        None if every number may be an RSS.
    """
    if not out_of_range(readings).any() and not _may_hold_code(
        readings, n_cells
    ):  # as in a sound table: fast
        return None
    return strangers_among(*np.unique(readings, return_counts=True), n_cells)


def strangers_among(values: np.ndarray, n: np.ndarray, n_cells: int) -> Strangers | None:
    """Look at the numbers of a file, each once, for those that no receiver measures.

    Parameters
    ----------
    values : numpy.ndarray
        The numbers, ascending, [m].
    n : numpy.ndarray
        Number of cells with each, [m] int.
    n_cells : int
        Number of all cells.

    Returns
    -------
    Strangers or None
        None if every number may be an RSS.
    """
    is_strange = out_of_range(values) | is_undeclared_code(values, n, n_cells)
    if not is_strange.any():
        return None
    order = np.argsort(-n[is_strange], kind="stable")
    strange, n_strange = values[is_strange][order], n[is_strange][order]
    kind = _kind(values, n)
    codes = codes_option(strange) if kind == "codes" else ""
    return Strangers(strange, n_strange, n_cells, kind, codes)


def codes_within(strangers: Strangers) -> np.ndarray:
    """Return those of the numbers that are codes beyond doubt, since they are too frequent to be slips.

    Parameters
    ----------
    strangers : Strangers
        The numbers.

    Returns
    -------
    numpy.ndarray
        The codes.
    """
    share = CODE_SHARE if strangers.kind == "codes" else _MOST
    is_often = strangers.n > max(share * strangers.n_cells, ONCE_OR_TWICE)
    return np.asarray(strangers.values[is_often | ~out_of_range(strangers.values)])


def common_value(readings: np.ndarray, n_cells: int) -> float | None:
    """Return a number that likely means "not heard", though it may be an RSS.

    It fills half of all cells or more, or it is the faintest, far below the others, and fills a twentieth.

    Parameters
    ----------
    readings : numpy.ndarray
        Numbers of the cells that are not empty, [n].
    n_cells : int
        Number of all cells.

    Returns
    -------
    float or None
        The number, if there is one among several.
    """
    return common_value_among(*np.unique(readings, return_counts=True), n_cells)


def common_value_among(values: np.ndarray, n: np.ndarray, n_cells: int) -> float | None:
    """Return the same of the numbers of a file, each once.

    Parameters
    ----------
    values, n, n_cells
        As for `strangers_among`.

    Returns
    -------
    float or None
        The number, if there is one among several.
    """
    if len(values) < 2:
        return None
    up_to = np.cumsum(n)
    # What fills half of all cells is the median of the filled ones.
    below, above = np.searchsorted(up_to, [(up_to[-1] - 1) // 2, up_to[-1] // 2], side="right").tolist()
    if below == above and n[below] >= _HALF * n_cells and n[below] > ONCE_OR_TWICE:
        return float(values[below])
    if values[0] > _FAINT_DBM or n[0] <= max(CODE_SHARE * n_cells, ONCE_OR_TWICE):
        return None
    return float(values[0]) if values[1] - values[0] >= _GAP_DB else None


def _may_hold_code(readings: np.ndarray, n_cells: int) -> bool:
    """Return whether 0, or the number that fills most cells and so is the median, must be a code."""
    if not len(readings):
        return False
    suspects = np.array([0.0, np.median(readings)])
    n = np.array([np.count_nonzero(readings == suspect) for suspect in suspects])
    return bool(is_undeclared_code(suspects, n, n_cells).any())


def _kind(values: np.ndarray, n: np.ndarray) -> str:
    """Tell whether most readings are positive; the commonest value may be a code."""
    if len(values) < 2:
        return "codes"
    rest, n_rest = (np.delete(each, np.argmax(n)) for each in (values, n))
    is_positive = (rest > 0) & ~out_of_range(-rest)
    if n_rest[is_positive].sum() <= _MOST * n_rest.sum():
        return "codes"
    positive, n_positive = rest[is_positive], n_rest[is_positive]
    if len(positive) < _FEW:  # slips, or codes
        return "codes"
    middle = float(np.median(np.repeat(positive, n_positive)))
    is_even = bool((positive % 2 == 0).all()) and len(positive) > _FEW
    if positive.max() <= 100 and (middle < _PERCENT_MEDIAN or is_even):
        return "percent"
    return "unsigned"


def codes_option(values: np.ndarray) -> str:
    """Write numbers as `--not-heard` takes them; several faint ones are one bound.

    Parameters
    ----------
    values : numpy.ndarray
        The numbers.

    Returns
    -------
    str
        Text for the option, in quotes where a shell needs them; "" if they are too many to be codes.
    """
    low = values[values < RSS_MIN_DBM]
    rest = values[values >= RSS_MIN_DBM]
    bound = [f"<={low.max():g}"] if len(low) > 1 else [f"{value:g}" for value in low]
    codes = ",".join([*(f"{value:g}" for value in rest), *bound]) if len(rest) <= _FEW else ",".join(bound)
    return f"'{codes}'" if "<" in codes else codes
