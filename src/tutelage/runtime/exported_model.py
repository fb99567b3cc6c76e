"""An exported model that locates scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.errors import BadInputError, FileFormatError
from tutelage.progress import blocks
from tutelage.runtime.access_point_names import ColumnFinder
from tutelage.runtime.compiled import load_compiled
from tutelage.runtime.conformal import require_level
from tutelage.runtime.exported_file import read_exported
from tutelage.runtime.exported_methods import ExportedMethod, arrays_of, build_judge, build_method
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.judging import Judge
from tutelage.runtime.positions import HeardCounts, Located, Positions
from tutelage.runtime.readings import require_rss_range, to_strength
from tutelage.runtime.rows import (
    CompressedRows,
    row_lengths,
    row_sums,
    select_entries,
    select_rows,
    slice_rows,
    sort_columns,
)
from tutelage.runtime.saved_model import saved_card
from tutelage.runtime.scan_rows import ScanRows

__all__ = ["Runtime"]

_SCANS = 1024  # between two steps of a progress bar; a multiple of what methods take at a time


class Runtime:
    """An exported model that locates scans as the original model does.

    Parameters
    ----------
    card : mapping
        As `read_exported` returns it.
    files : mapping
        As `read_exported` returns them.
    arrays : mapping, optional
        The model's arrays. By default, they are read from the files.

    Attributes
    ----------
    card : dict
        Description of the model.
    access_points : tuple of str
        Access points that the model knows.
    judge : Judge
        What it learnt about its own errors.
    """

    def __init__(
        self,
        card: Mapping[str, Any],
        files: Mapping[str, bytes],
        arrays: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        arrays = arrays_of(files) if arrays is None else arrays
        self.card = dict(card)
        self.access_points: tuple[str, ...] = tuple(card["access_points"])
        self._columns = ColumnFinder(self.access_points)
        self._frame = LocalFrame(tuple(card["frame"]["origin_m"]), card["frame"]["epsg"])
        self._method: ExportedMethod = build_method(card, arrays, files)
        self.judge: Judge = build_judge(card, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Runtime:
        """Read a folder or a zip file that `tutelage export` wrote.

        Parameters
        ----------
        path : str or Path
            The folder or zip file.

        Returns
        -------
        Runtime
            The model, ready to locate scans.

        Raises
        ------
        BadInputError
            If there is no exported model.
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

    def prepare(self) -> None:
        """Load what the first answer would load, as a service does at its start."""
        load_compiled()
        self.locate([{self.access_points[0]: -60.0}])

    @classmethod
    def of_saved(cls, card: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Runtime | None:
        """Make a model of the content of a model folder that was not exported.

        Parameters
        ----------
        card, arrays : mapping
            As `tutelage.files.model_folder.read_model_folder` returns them.

        Returns
        -------
        Runtime or None
            The model, ready to locate scans; None if this takes PyTorch or a method of the user's own, or
            the folder lacks something.
        """
        try:
            saved = saved_card(card, arrays)
            return saved and cls(saved.card, {}, saved.arrays)
        except (KeyError, TypeError, ValueError):
            return None  # the library says what is wrong with it

    def locate(
        self,
        scans: Sequence[Mapping[str, float]],
        *,
        scan_id: Sequence[str] | None = None,
        level: float = 0.95,
    ) -> list[dict[str, Any]]:
        """Locate scans and return a dictionary for each scan, like `Positions.records`.

        Parameters
        ----------
        scans : sequence of mapping
            Each scan as {access point: RSS in dBm}, with names as in `access_points`.
        scan_id : sequence of str, optional
            Names of the scans; "0", "1", ... by default.
        level : float, default 0.95
            Share of the true positions that the radii should contain, if the model is calibrated.

        Returns
        -------
        list of dict
            One record for each scan, ready for JSON.

        Raises
        ------
        BadInputError
            If a reading is not a number in [-120, 0], or the level is not between 0 and 1.
        """
        return self.positions(scans, scan_id=scan_id, level=level).records()

    def positions(
        self,
        scans: Sequence[Mapping[str, float]],
        *,
        scan_id: Sequence[str] | None = None,
        level: float = 0.95,
    ) -> Positions:
        """Locate scans and return arrays, in the frame of the model.

        Parameters
        ----------
        scans, scan_id, level
            As for `locate`.

        Returns
        -------
        Positions
            One row a scan.

        Raises
        ------
        BadInputError
            As for `locate`.
        """
        if isinstance(scans, Mapping):
            raise BadInputError("give a list of scans, also for one scan: locate([scan])")
        require_level(level)
        scans = list(scans)
        ids = np.asarray(scan_id if scan_id is not None else np.arange(len(scans)), dtype=np.str_)
        if len(ids) != len(scans):
            raise BadInputError(f"{len(ids)} names for {len(scans)} scans; give one a scan")
        rss_dbm, n_heard = self._known_readings(scans, ids)
        return self._positions(ids, rss_dbm, n_heard, level)

    def positions_of(self, scans: ScanRows, *, level: float = 0.95, progress: bool = False) -> Positions:
        """Locate scans that were read from a file.

        Parameters
        ----------
        scans : ScanRows
            n scans, over any access points.
        level : float, default 0.95
            As for `locate`.
        progress : bool, default False
            Whether to show a progress bar on standard error, if that is a terminal and there are many scans.

        Returns
        -------
        Positions
            n answers.

        Raises
        ------
        BadInputError
            If the level is not between 0 and 1.
        """
        require_level(level)
        rss_dbm = scans.rss_of(self.access_points)
        return self._positions(scans.scan_id, rss_dbm, scans.n_heard, level, progress=progress)

    def _positions(
        self,
        scan_id: np.ndarray,
        rss_dbm: CompressedRows,
        n_heard: np.ndarray,
        level: float,
        *,
        progress: bool = False,
    ) -> Positions:
        settings = self.card["representation"]
        strength = rss_dbm._replace(data=to_strength(rss_dbm.data, settings["kind"], settings["rss_min_dbm"]))
        is_located = row_sums(strength) > 0
        index = np.flatnonzero(is_located)
        known_dbm = select_rows(rss_dbm, index)
        answers = self._located(known_dbm, select_rows(strength, index), progress)
        counts = HeardCounts(n_heard, row_lengths(rss_dbm), is_located)
        has_coordinates = self.card.get("coordinates", True)
        positions = Positions.from_answers(
            scan_id, self._frame, counts, answers, has_coordinates=has_coordinates
        )
        return self.judge.judge(positions, answers, known_dbm, is_located, level)

    def _located(self, rss_dbm: CompressedRows, strength: CompressedRows, progress: bool) -> Located:
        """Locate block after block, so that a progress bar can be shown."""
        n = rss_dbm.shape[0]
        if n <= _SCANS:
            return self._method.locate(rss_dbm, strength)
        parts = [
            self._method.locate(*(slice_rows(each, rows.start, rows.stop) for each in (rss_dbm, strength)))
            for rows in blocks(n, _SCANS, f"locating {n:,} scans", progress=progress)
        ]
        return Located.join(parts)

    def _known_readings(
        self, scans: Sequence[Mapping[str, float]], ids: np.ndarray
    ) -> tuple[CompressedRows, np.ndarray]:
        """Return the readings of the model's access points [n, n_ap], and how many readings each scan has."""
        names = [name for scan in scans for name in scan]
        n_heard = np.array([len(scan) for scan in scans], dtype=np.int64)
        indptr = np.concatenate([[0], np.cumsum(n_heard)])
        data = _numbers([rss for scan in scans for rss in scan.values()], names)
        by_name = CompressedRows(data, np.arange(len(names)), indptr, (len(scans), len(names)))
        require_rss_range(by_name, names, ids, "Leave such access points out.")
        distinct = list(dict.fromkeys(names))
        column_of = dict(zip(distinct, self._columns.find(distinct).tolist(), strict=True))
        column = np.array([column_of[name] for name in names], dtype=np.int64)
        by_column = CompressedRows(data, column, indptr, (len(scans), len(self.access_points)))
        return sort_columns(select_entries(by_column, column >= 0)), n_heard


def _numbers(values: list[float], names: list[str]) -> np.ndarray:
    try:
        return np.array(values, dtype=np.float32)
    except (TypeError, ValueError):
        faults = (i for i, value in enumerate(values) if not isinstance(value, int | float | np.number))
        bad = next(faults, 0)
        raise BadInputError(
            f"the RSS of {names[bad]} is {values[bad]!r}; give a number in dBm, such as -63"
        ) from None
