"""An exported model that answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.errors import BadInputError, FileFormatError
from tutelage.runtime.access_point_names import columns_in
from tutelage.runtime.conformal import require_level
from tutelage.runtime.exported_file import read_exported
from tutelage.runtime.exported_methods import Method, calibration_of, method_of
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Heard, Positions
from tutelage.runtime.readings import represented, require_rss_range
from tutelage.runtime.rows import CompressedRows, in_order, kept, picked, row_sums

__all__ = ["Runtime"]


class Runtime:
    """Positions from radio fingerprints, as the model gives them that was exported.

    Parameters
    ----------
    card, files : of an exported model, as `read_exported` gives them

    Attributes
    ----------
    card : what the model says of itself
    access_points : access points it knows
    """

    def __init__(self, card: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self.card = dict(card)
        self.access_points: tuple[str, ...] = tuple(card["access_points"])
        self._frame = LocalFrame(tuple(card["frame"]["origin_m"]), card["frame"]["epsg"])
        self._method: Method = method_of(card, files)
        self._calibration = calibration_of(card, files)

    @classmethod
    def load(cls, path: str | Path) -> Runtime:
        """Read a folder or a zip file that `tutelage export` wrote.

        Raises
        ------
        BadInputError
            If there is none.
        FileFormatError
            If it is damaged, cut short or of another version.
        """
        card, files = read_exported(path)
        try:
            return cls(card, files)
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"exported model {path} does not fit this runtime: {error}; export it again"
            ) from error

    def locate(
        self,
        scans: Sequence[Mapping[str, float]],
        *,
        scan_id: Sequence[str] | None = None,
        level: float = 0.95,
    ) -> list[dict[str, Any]]:
        """Where scans were taken, one dictionary a scan: `Positions.records`.

        Parameters
        ----------
        scans : each a mapping {access point: RSS in dBm}, names as in `access_points`
        scan_id : their names; else "0", "1", ...
        level : share of the true positions that the radii are to hold, where the model is calibrated

        Raises
        ------
        BadInputError
            If a reading is no number in [-120, 0], or the level no share.
        """
        return self.positions(scans, scan_id=scan_id, level=level).records()

    def positions(
        self,
        scans: Sequence[Mapping[str, float]],
        *,
        scan_id: Sequence[str] | None = None,
        level: float = 0.95,
    ) -> Positions:
        """The same as arrays, in the frame of the model."""
        if isinstance(scans, Mapping):
            raise BadInputError("give a list of scans, also for one scan: locate([scan])")
        require_level(level)
        scans = list(scans)
        ids = np.asarray(scan_id if scan_id is not None else np.arange(len(scans)), dtype=np.str_)
        if len(ids) != len(scans):
            raise BadInputError(f"{len(ids)} names for {len(scans)} scans; give one a scan")
        rss_dbm, n_heard = self._known_readings(scans, ids)
        by = self.card["representation"]
        strength = rss_dbm._replace(data=represented(rss_dbm.data, by["kind"], by["rss_min_dbm"]))
        answered = row_sums(strength) > 0
        index = np.flatnonzero(answered)
        asked = picked(rss_dbm, index)
        located = self._method.locate(asked, picked(strength, index))
        heard = Heard(n_heard, np.diff(rss_dbm.indptr), answered)
        answers = Positions.of(ids, self._frame, heard, located)
        if self._calibration is None:
            return answers
        return answers.judged(answered, *self._calibration.judge(asked, located.position_m, level), level)

    def _known_readings(
        self, scans: Sequence[Mapping[str, float]], ids: np.ndarray
    ) -> tuple[CompressedRows, np.ndarray]:
        """Readings of the access points that the model knows [n, n_ap], and how many each scan has in all."""
        names = [name for scan in scans for name in scan]
        n_heard = np.array([len(scan) for scan in scans], dtype=np.int64)
        indptr = np.concatenate([[0], np.cumsum(n_heard)])
        data = _numbers([rss for scan in scans for rss in scan.values()], names)
        given = CompressedRows(data, np.arange(len(names)), indptr, (len(scans), len(names)))
        require_rss_range(given, names, ids, "Leave such access points out.")
        different = tuple(dict.fromkeys(names))
        column_of = dict(zip(different, columns_in(self.access_points, different).tolist(), strict=True))
        column = np.array([column_of[name] for name in names], dtype=np.int64)
        placed = CompressedRows(data, column, indptr, (len(scans), len(self.access_points)))
        return in_order(kept(placed, column >= 0)), n_heard


def _numbers(values: list[float], names: list[str]) -> np.ndarray:
    try:
        return np.array(values, dtype=np.float32)
    except (TypeError, ValueError):
        wrong = (i for i, value in enumerate(values) if not isinstance(value, int | float | np.number))
        bad = next(wrong, 0)
        raise BadInputError(
            f"the RSS of {names[bad]} is {values[bad]!r}; give a number in dBm, such as -63"
        ) from None
