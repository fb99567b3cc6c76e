"""Fingerprints: the one data type that flows through everything.

A fingerprint is one scan: the RSS of each access point that it heard, in dBm, and where it was taken: at a
position, in a named place such as a room, or both. A scan hears few access points of many, so RSS stays
sparse throughout.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tutelage.data.fingerprint_rules import require_names, require_numbers, require_unique
from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.readings import require_rss_range
from tutelage.runtime.rows import CompressedRows
from tutelage.runtime.scan_rows import ScanRows

if TYPE_CHECKING:  # only named in signatures: forms of scans are read without scipy
    from scipy import sparse

__all__ = ["LABELS", "FingerprintSet", "Survey"]

LABELS = ("floor", "building", "place", "device", "user")
"""Names of the label columns; `place` is a room, zone, shelf or the like."""
_FAR_M = 50_000.0  # no building, so two surveys so far apart are in two systems


@dataclass(frozen=True, eq=False)
class FingerprintSet:
    """Scans of one building, with or without the positions or places at which they were taken.

    Parameters
    ----------
    rss_dbm : scipy.sparse.csr_array
        Readings in dBm, [n, n_ap] float32. A stored entry is a reading (a stored 0 is 0 dBm); an absent entry
        means "not heard".
    access_points : tuple of str
        Unique names of the columns, such as MAC addresses.
    scan_id : numpy.ndarray
        Unique names of the scans, [n] str.
    position_m : numpy.ndarray, optional
        Positions in `frame` in metres, [n, 2] float64; None for scans without truth.
    frame : LocalFrame, optional
        Frame of the positions.
    floor, building, place, device, user : numpy.ndarray, optional
        Labels, [n] str; "" if unknown. A place is a room, zone, shelf or the like.
    time : numpy.ndarray, optional
        Times of the scans, [n] datetime64[ms].

    Raises
    ------
    BadInputError
        If a shape disagrees, an id repeats, or a reading lies outside [-120, 0] dBm.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.FingerprintSet.from_scans([{"ap1": -60.0, "ap2": -71.5}, {"ap2": -48.0}])
    >>> scans
    FingerprintSet(n=2, access_points=2, columns=[])
    >>> len(scans), scans.access_points, scans.n_heard.tolist()
    (2, ('ap1', 'ap2'), [2, 1])
    >>> scans[1:].aligned_to(["ap2", "ap3"]).rss_dbm.toarray().tolist()
    [[-48.0, 0.0]]
    """

    rss_dbm: sparse.csr_array
    access_points: tuple[str, ...]
    scan_id: np.ndarray
    position_m: np.ndarray | None = None
    frame: LocalFrame = LocalFrame()
    floor: np.ndarray | None = None
    building: np.ndarray | None = None
    place: np.ndarray | None = None
    device: np.ndarray | None = None
    user: np.ndarray | None = None
    time: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check shapes, ids, positions and readings."""
        n, n_ap = self.rss_dbm.shape
        require_names(self.access_points, n_ap)
        require_unique("scan id", self.scan_id)
        for field in ("scan_id", "position_m", *LABELS, "time"):
            value = getattr(self, field)
            if value is not None and len(value) != n:
                raise BadInputError(f"{field} has {len(value)} rows, RSS has {n}; give one a scan")
        if self.position_m is not None and not np.isfinite(self.position_m).all():
            row = int(np.flatnonzero(~np.isfinite(self.position_m).all(axis=1))[0])
            raise BadInputError(f"position of scan {str(self.scan_id[row])!r} is not a finite number")
        require_rss_range(self.rss_dbm, self.access_points, self.scan_id)

    # -- construction ---------------------------------------------------------------------------

    @classmethod
    def from_absolute(
        cls,
        rss_dbm: sparse.csr_array,
        access_points: Sequence[str],
        scan_id: np.ndarray,
        absolute_m: np.ndarray,
        *,
        frame: LocalFrame | None = None,
        epsg: int | None = None,
        **labels: np.ndarray | None,
    ) -> FingerprintSet:
        """Build fingerprints from data-set coordinates.

        Parameters
        ----------
        rss_dbm, access_points, scan_id
            As for the class.
        absolute_m : numpy.ndarray
            Data-set coordinates in metres, [n, 2].
        frame : LocalFrame, optional
            Frame of the positions. By default, one around them.
        epsg : int, optional
            EPSG code of the coordinates, if you give no frame.
        **labels : numpy.ndarray or None
            `floor`, `building`, `place`, `device`, `user` and `time`, as for the class.

        Returns
        -------
        FingerprintSet
            The scans, with positions in the frame.

        Raises
        ------
        BadInputError
            As for the class.
        """
        absolute_m = np.asarray(absolute_m, dtype=np.float64)
        frame = frame or LocalFrame.around(absolute_m, epsg)
        return cls(
            rss_dbm,
            tuple(access_points),
            scan_id,
            absolute_m - np.asarray(frame.origin_m),
            frame,
            **labels,
        )

    @classmethod
    def from_scans(
        cls, scans: Iterable[Mapping[str, float]], scan_id: Sequence[str] | None = None
    ) -> FingerprintSet:
        """Build fingerprints without truth from dictionaries.

        Parameters
        ----------
        scans : iterable of mapping
            Each scan as {access point: RSS in dBm}.
        scan_id : sequence of str, optional
            Names of the scans; "0", "1", ... by default.

        Returns
        -------
        FingerprintSet
            One row for each scan. Columns are in the order in which access points appear.

        Raises
        ------
        BadInputError
            If an RSS is not a number in [-120, 0].
        """
        scans = list(scans)
        require_numbers(scans)
        names = list(dict.fromkeys(name for scan in scans for name in scan))
        column = {name: j for j, name in enumerate(names)}
        lengths = np.array([len(scan) for scan in scans], dtype=np.int64)
        indices = np.array([column[name] for scan in scans for name in scan], dtype=np.int32)
        values = np.array([rss_dbm for scan in scans for rss_dbm in scan.values()], dtype=np.float32)
        rss = csr(values, indices, np.concatenate([[0], np.cumsum(lengths)]), len(names))
        ids = np.asarray(scan_id if scan_id is not None else np.arange(len(scans)), dtype=np.str_)
        return cls(rss, tuple(names), ids)

    # -- reading --------------------------------------------------------------------------------

    @classmethod
    def of_rows(cls, scans: ScanRows) -> FingerprintSet:
        """Take over scans that were read for the runtime.

        Parameters
        ----------
        scans : ScanRows
            The scans.

        Returns
        -------
        FingerprintSet
            The same scans, without positions.
        """
        rows = scans.rss_dbm
        return cls(
            csr(rows.data, rows.indices, rows.indptr, rows.shape[1]), scans.access_points, scans.scan_id
        )

    def __len__(self) -> int:
        """Return the number of scans."""
        return int(self.rss_dbm.shape[0])

    def __repr__(self) -> str:
        """Return the sizes, and which columns there are."""
        columns = [f for f in ("position_m", *LABELS, "time") if getattr(self, f) is not None]
        return f"FingerprintSet(n={len(self)}, access_points={self.n_access_points}, columns={columns})"

    @property
    def n_access_points(self) -> int:
        """Number of columns, heard or not."""
        return len(self.access_points)

    @property
    def n_heard(self) -> np.ndarray:
        """Number of access points heard in each scan, [n] int."""
        return np.diff(self.rss_dbm.indptr)

    @property
    def known_position_m(self) -> np.ndarray:
        """`position_m`, for code that needs the truth.

        Raises
        ------
        BadInputError
            If the scans carry no positions.
        """
        if self.position_m is None:
            raise BadInputError("these scans have no positions; add the columns x_m and y_m")
        return self.position_m

    @property
    def known_place(self) -> np.ndarray:
        """`place`, for code that needs it.

        Raises
        ------
        BadInputError
            If the scans name no places.
        """
        if self.place is None:
            raise BadInputError("these scans name no places; add the column place")
        return self.place

    @property
    def absolute_position_m(self) -> np.ndarray:
        """Positions in data-set coordinates in metres, [n, 2]."""
        return np.asarray(self.known_position_m + np.asarray(self.frame.origin_m))

    def content_hash(self) -> str:
        """Compute SHA-256 over readings, access points and positions.

        Returns
        -------
        str
            Hexadecimal digest. Sets with the same data have the same digest.
        """
        digest = hashlib.sha256()
        for array in (self.rss_dbm.indptr, self.rss_dbm.indices, self.rss_dbm.data):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\0".join(self.access_points).encode())
        if self.position_m is not None:
            digest.update(np.round(self.absolute_position_m, 6).tobytes())
        return digest.hexdigest()

    def full_hash(self) -> str:
        """Compute SHA-256 over `content_hash`, labels and times.

        Labels and times decide which scans belong to one floor, reference point or walk.

        Returns
        -------
        str
            Hexadecimal digest.
        """
        digest = hashlib.sha256(self.content_hash().encode())
        for name in (*LABELS, "time"):
            values = getattr(self, name)
            if name == "place" and values is None:
                continue  # so that scans without places keep the digest that earlier versions gave them
            text = "" if values is None else "\0".join(map(str, values.tolist()))
            digest.update(f"{name}:{text}\n".encode())
        return digest.hexdigest()

    # -- selecting and joining ------------------------------------------------------------------

    def __getitem__(self, rows: Any) -> FingerprintSet:
        """Select scans by a slice, an index array or a mask."""
        if isinstance(rows, np.ndarray) and rows.dtype == bool and rows.shape == (len(self),) and rows.all():
            return self  # a large survey is not copied for the scans without readings that it has not
        index = np.arange(len(self))[rows]
        if index.ndim != 1:
            raise BadInputError("select rows by a slice, an index array or a mask, not by one number")
        columns: dict[str, Any] = {
            f: None if getattr(self, f) is None else getattr(self, f)[index]
            for f in ("position_m", *LABELS, "time")
        }
        return replace(self, rss_dbm=self.rss_dbm[index], scan_id=self.scan_id[index], **columns)

    def aligned_to(self, access_points: Sequence[str]) -> FingerprintSet:
        """Return the same scans over another list of access points.

        Parameters
        ----------
        access_points : sequence of str
            Names of the new columns. Readings of other access points are left out.

        Returns
        -------
        FingerprintSet
            The scans with these columns.
        """
        names = tuple(access_points)
        if names == self.access_points:
            return self
        return replace(self, rss_dbm=self.rss_of(names), access_points=names)

    def rss_of(self, access_points: Sequence[str]) -> sparse.csr_array:
        """Return the readings of some access points.

        Parameters
        ----------
        access_points : sequence of str
            Names of the columns. Another spelling of a MAC address is found too.

        Returns
        -------
        scipy.sparse.csr_array
            Readings in dBm, [n, len(access_points)], stored like `rss_dbm`.
        """
        names = tuple(access_points)
        if names == self.access_points:
            return self.rss_dbm
        rows = self.rows_of(names)
        return csr(rows.data.copy(), rows.indices, rows.indptr, len(names))

    def rows_of(self, access_points: tuple[str, ...]) -> CompressedRows:
        """Return the same readings as `rss_of` without a SciPy array, which takes longer than a search.

        Parameters
        ----------
        access_points : tuple of str
            Names of the columns.

        Returns
        -------
        CompressedRows
            Readings in dBm, [n, len(access_points)], with ascending columns.
        """
        rss = self.rss_dbm
        # A copy, as PyTorch takes no array that is read-only, such as one of a file.
        rows = CompressedRows(rss.data, rss.indices, rss.indptr.copy(), rss.shape)
        if access_points == self.access_points:
            return rows
        return ScanRows(rows, self.access_points, self.scan_id).rss_of(access_points)

    def in_frame(self, frame: LocalFrame) -> FingerprintSet:
        """Return the same positions relative to another origin.

        Parameters
        ----------
        frame : LocalFrame
            The new frame.

        Returns
        -------
        FingerprintSet
            The scans in this frame.

        Raises
        ------
        BadInputError
            If both frames name an EPSG code and the codes differ. Also if only one names a code and the
            positions lie 50 km or more from the other's origin.
        """
        if self.frame.epsg and frame.epsg and self.frame.epsg != frame.epsg:
            raise BadInputError(
                f"positions in EPSG:{self.frame.epsg} cannot be moved to EPSG:{frame.epsg}; give both in one "
                f"system, such as --epsg {frame.epsg} for positions in degrees"
            )
        if self.position_m is None:
            return replace(self, frame=frame)
        moved_m = self.absolute_position_m - np.asarray(frame.origin_m)
        if len(self) and bool(self.frame.epsg) != bool(frame.epsg) and np.median(np.abs(moved_m)) > _FAR_M:
            raise BadInputError(
                f"positions in {_system(self.frame)} cannot be laid beside others in {_system(frame)}: they "
                f"would be {np.median(np.hypot(*moved_m.T)) / 1000:,.0f} km apart; give both in one system"
            )
        return replace(self, frame=frame, position_m=moved_m)

    @classmethod
    def join(cls, parts: Sequence[FingerprintSet]) -> FingerprintSet:
        """Join several surveys of one building, with columns matched by access point.

        Parameters
        ----------
        parts : sequence of FingerprintSet
            Surveys to join. A label that some surveys lack is "" there.

        Returns
        -------
        FingerprintSet
            All scans in order, in the frame of the first part.

        Raises
        ------
        BadInputError
            If there is no part, only some parts have positions, or their frames do not fit.
        """
        if not parts:
            raise BadInputError("nothing to join; give at least one fingerprint set")
        has_truth = [part.position_m is not None for part in parts]
        if any(has_truth) != all(has_truth):
            raise BadInputError("some of the sets to join have positions and some have none")
        names = tuple(dict.fromkeys(name for part in parts for name in part.access_points))
        frame = parts[0].frame
        aligned = [part.aligned_to(names).in_frame(frame) for part in parts]
        columns: dict[str, np.ndarray | None] = {}
        for label in LABELS:
            if all(getattr(part, label) is None for part in aligned):
                continue
            values = [
                getattr(p, label) if getattr(p, label) is not None else np.full(len(p), "") for p in aligned
            ]
            columns[label] = np.concatenate(values)
        if all(part.time is not None for part in aligned):
            columns["time"] = np.concatenate([part.time for part in aligned if part.time is not None])
        from scipy import sparse

        rss = sparse.vstack([part.rss_dbm for part in aligned], format="csr")
        return cls(
            csr(rss.data, rss.indices, rss.indptr, len(names)),
            names,
            np.concatenate([part.scan_id for part in aligned]),
            np.concatenate([p.known_position_m for p in aligned]) if all(has_truth) else None,
            frame,
            **columns,
        )


@dataclass(frozen=True, eq=False)
class Survey:
    """A building's fingerprints as their authors split them.

    Parameters
    ----------
    name : str
        The data set's name, or a file's stem.
    train : FingerprintSet
        The radio map.
    test : FingerprintSet, optional
        The standard test split; None if there is none.
    licence : str, default ""
        Licence of the data; "" if unknown.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.FingerprintSet.from_scans([{"ap1": -60.0}, {"ap1": -48.0}])
    >>> tt.Survey("hall", train=scans)
    Survey('hall', train=2, test=0, access_points=1)
    """

    name: str
    train: FingerprintSet
    test: FingerprintSet | None = None
    licence: str = ""

    def __repr__(self) -> str:
        """Return name and sizes."""
        n_test = 0 if self.test is None else len(self.test)
        return (
            f"Survey({self.name!r}, train={len(self.train)}, test={n_test}, "
            f"access_points={self.train.n_access_points})"
        )


def _system(frame: LocalFrame) -> str:
    return f"EPSG:{frame.epsg}" if frame.epsg else "metres of a plan of their own"
