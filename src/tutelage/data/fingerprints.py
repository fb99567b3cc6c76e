"""Fingerprints: the one data type that flows through everything.

A fingerprint is what one scan heard (access point -> RSS in dBm) and where it was taken. Scans hear a
few access points of many, so RSS is kept sparse throughout.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from tutelage.data.sparse_rows import csr
from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import replaced_file
from tutelage.runtime.access_point_names import columns_in
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM, require_rss_range

__all__ = ["RSS_MAX_DBM", "RSS_MIN_DBM", "FingerprintSet", "Survey"]

_LABELS = ("floor", "building", "device", "user")
_FORMAT = "tutelage-fingerprints-1"
_FAR_M = 50_000.0  # no building, so two surveys so far apart are in two systems


@dataclass(frozen=True, eq=False)
class FingerprintSet:
    """Scans of one building, with or without the positions they were taken at.

    Parameters
    ----------
    rss_dbm : scipy.sparse.csr_array [n, n_ap], float32
        A stored entry is a reading (a stored 0 is 0 dBm); an absent entry is "not heard".
    access_points : identities (MAC addresses, names), one a column, unique
    scan_id : [n] str, unique
    position_m : [n, 2] float64 in `frame`, or None for scans without truth
    floor, building, device, user : [n] str labels ("" = unknown), or None
    time : [n] datetime64[ms], or None

    Raises
    ------
    BadInputError
        If a shape disagrees, an id repeats, or a reading lies outside [-120, 0] dBm.
    """

    rss_dbm: sparse.csr_array
    access_points: tuple[str, ...]
    scan_id: np.ndarray
    position_m: np.ndarray | None = None
    frame: LocalFrame = LocalFrame()
    floor: np.ndarray | None = None
    building: np.ndarray | None = None
    device: np.ndarray | None = None
    user: np.ndarray | None = None
    time: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, n_ap = self.rss_dbm.shape
        if len(self.access_points) != n_ap:
            raise BadInputError(
                f"{len(self.access_points)} access points for {n_ap} RSS columns; give one name a column"
            )
        if not _are_unique(self.access_points):
            _require_unique("access point", self.access_points)
        _require_unique("scan id", self.scan_id)
        for field in ("scan_id", "position_m", *_LABELS, "time"):
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
        """Fingerprints from data-set coordinates [n, 2]; without `frame`, one around them."""
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
        """Scans without truth, each a mapping {access point: RSS in dBm}.

        Raises
        ------
        BadInputError
            If an RSS is no number.
        """
        scans = list(scans)
        names = list(dict.fromkeys(name for scan in scans for name in scan))
        column = {name: j for j, name in enumerate(names)}
        lengths = np.array([len(scan) for scan in scans], dtype=np.int64)
        indices = np.array([column[name] for scan in scans for name in scan], dtype=np.int32)
        if not all(map(_is_number, {type(rss_dbm) for scan in scans for rss_dbm in scan.values()})):
            raise BadInputError(_no_number(scans))
        values = np.array([rss_dbm for scan in scans for rss_dbm in scan.values()], dtype=np.float32)
        rss = csr(values, indices, np.concatenate([[0], np.cumsum(lengths)]), len(names))
        ids = np.asarray(scan_id if scan_id is not None else np.arange(len(scans)), dtype=np.str_)
        return cls(rss, tuple(names), ids)

    # -- reading --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self.rss_dbm.shape[0])

    @property
    def n_access_points(self) -> int:
        """Columns, heard or not."""
        return len(self.access_points)

    @property
    def n_heard(self) -> np.ndarray:
        """[n] int: access points heard in each scan."""
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
    def absolute_position_m(self) -> np.ndarray:
        """[n, 2] positions in data-set coordinates."""
        return np.asarray(self.known_position_m + np.asarray(self.frame.origin_m))

    def content_hash(self) -> str:
        """SHA-256 over readings, identities and positions: tells whether two sets hold the same data."""
        digest = hashlib.sha256()
        for array in (self.rss_dbm.indptr, self.rss_dbm.indices, self.rss_dbm.data):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\0".join(self.access_points).encode())
        if self.position_m is not None:
            digest.update(np.round(self.absolute_position_m, 6).tobytes())
        return digest.hexdigest()

    def full_hash(self) -> str:
        """`content_hash` with labels and times, which decide what is one storey, reference point or walk."""
        digest = hashlib.sha256(self.content_hash().encode())
        for name in (*_LABELS, "time"):
            values = getattr(self, name)
            told = "" if values is None else "\0".join(map(str, values.tolist()))
            digest.update(f"{name}:{told}\n".encode())
        return digest.hexdigest()

    # -- selecting and joining ------------------------------------------------------------------

    def __getitem__(self, rows: Any) -> FingerprintSet:
        """Rows by slice, index array or mask."""
        index = np.arange(len(self))[rows]
        if index.ndim != 1:
            raise BadInputError("select rows by a slice, an index array or a mask, not by one number")
        picked: dict[str, Any] = {
            f: None if getattr(self, f) is None else getattr(self, f)[index]
            for f in ("position_m", *_LABELS, "time")
        }
        return replace(self, rss_dbm=self.rss_dbm[index], scan_id=self.scan_id[index], **picked)

    def aligned_to(self, access_points: Sequence[str]) -> FingerprintSet:
        """The same scans over another list of access points; readings of others are left out."""
        names = tuple(access_points)
        if names == self.access_points:
            return self
        return replace(self, rss_dbm=self.rss_of(names), access_points=names)

    def rss_of(self, access_points: Sequence[str]) -> sparse.csr_array:
        """[n, len(access_points)] the readings of these access points in dBm, stored as `rss_dbm` is."""
        names = tuple(access_points)
        if names == self.access_points:
            return self.rss_dbm
        target = columns_in(names, self.access_points)
        new_column = target[self.rss_dbm.indices] if len(target) else np.empty(0, dtype=np.int64)
        keep = new_column >= 0
        row_of = np.repeat(np.arange(len(self)), self.n_heard)
        lengths = np.bincount(row_of[keep], minlength=len(self))
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        return csr(self.rss_dbm.data[keep], new_column[keep], indptr, len(names))

    def in_frame(self, frame: LocalFrame) -> FingerprintSet:
        """The same positions relative to another origin.

        Raises
        ------
        BadInputError
            If both frames name an EPSG code and the codes differ, or one does and the positions lie 50 km or
            more from the other's origin.
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
    def joined(cls, parts: Sequence[FingerprintSet]) -> FingerprintSet:
        """Several surveys of one building as one, columns matched by access-point identity.

        A label that only some parts carry is "" for the others; positions must be known in all or none.
        """
        if not parts:
            raise BadInputError("nothing to join; give at least one fingerprint set")
        with_truth = [part.position_m is not None for part in parts]
        if any(with_truth) != all(with_truth):
            raise BadInputError("some of the sets to join have positions and some have none")
        names = tuple(dict.fromkeys(name for part in parts for name in part.access_points))
        frame = parts[0].frame
        moved = [part.aligned_to(names).in_frame(frame) for part in parts]
        columns: dict[str, np.ndarray | None] = {}
        for label in _LABELS:
            if all(getattr(part, label) is None for part in moved):
                continue
            blank = [
                getattr(p, label) if getattr(p, label) is not None else np.full(len(p), "") for p in moved
            ]
            columns[label] = np.concatenate(blank)
        if all(part.time is not None for part in moved):
            columns["time"] = np.concatenate([part.time for part in moved if part.time is not None])
        stacked = sparse.vstack([part.rss_dbm for part in moved], format="csr")
        return cls(
            csr(stacked.data, stacked.indices, stacked.indptr, len(names)),
            names,
            np.concatenate([part.scan_id for part in moved]),
            np.concatenate([p.known_position_m for p in moved]) if all(with_truth) else None,
            frame,
            **columns,
        )

    # -- Parquet --------------------------------------------------------------------------------

    def to_parquet(self, path: str | Path) -> None:
        """Write one row a scan, RSS as lists of (column, dBm); the file appears whole or not at all."""
        offsets = pa.array(self.rss_dbm.indptr.astype(np.int32))
        columns = {
            "scan_id": pa.array(self.scan_id.astype(object)),
            "ap": pa.ListArray.from_arrays(offsets, pa.array(self.rss_dbm.indices.astype(np.int32))),
            "rss_dbm": pa.ListArray.from_arrays(offsets, pa.array(self.rss_dbm.data)),
        }
        if self.position_m is not None:
            columns["x"], columns["y"] = (pa.array(self.position_m[:, i]) for i in (0, 1))
        for label in _LABELS:
            value = getattr(self, label)
            if value is not None:
                columns[label] = pa.array(value.astype(object)).dictionary_encode()
        if self.time is not None:
            columns["time"] = pa.array(self.time.astype("datetime64[ms]"))
        header = {
            "format": _FORMAT,
            "origin_m": self.frame.origin_m,
            "epsg": self.frame.epsg,
            "access_points": self.access_points,
        }
        table = pa.table(columns).replace_schema_metadata({"tutelage": json.dumps(header)})
        with replaced_file(path) as beside:
            pq.write_table(table, beside, compression="zstd")

    @classmethod
    def from_parquet(cls, path: str | Path) -> FingerprintSet:
        """Read what `to_parquet` wrote.

        Raises
        ------
        FileFormatError
            If the file is damaged or not a fingerprint file.
        """
        try:
            table = pq.read_table(path)
            header = json.loads((table.schema.metadata or {})[b"tutelage"])
            if header["format"] != _FORMAT:
                raise FileFormatError(f"{path}: format {header['format']!r}, this version reads {_FORMAT!r}")
            table = table.combine_chunks()
            heard = table["ap"].combine_chunks()
            values = table["rss_dbm"].combine_chunks().flatten().to_numpy()
            offsets = heard.offsets.to_numpy()
            rss = csr(values, heard.flatten().to_numpy(), offsets, len(header["access_points"]))
        except (pa.ArrowException, KeyError, OSError, json.JSONDecodeError) as error:
            raise FileFormatError(f"{path} is not a readable Tutelage fingerprint file: {error}") from error
        has = set(table.column_names)
        labels = {f: table[f].to_numpy().astype(np.str_) for f in _LABELS if f in has}
        return cls(
            rss,
            tuple(header["access_points"]),
            table["scan_id"].to_numpy().astype(np.str_),
            np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()]) if "x" in has else None,
            LocalFrame(tuple(header["origin_m"]), header["epsg"]),
            time=table["time"].to_numpy() if "time" in has else None,
            **labels,
        )


@dataclass(frozen=True, eq=False)
class Survey:
    """A building's fingerprints as its authors split them.

    Parameters
    ----------
    name : the data set's name, or a file's stem
    train : the radio map
    test : the standard test split, None where there is none
    licence : licence of the data, "" if unknown
    """

    name: str
    train: FingerprintSet
    test: FingerprintSet | None = None
    licence: str = ""

    def __repr__(self) -> str:
        n_test = 0 if self.test is None else len(self.test)
        return (
            f"Survey({self.name!r}, train={len(self.train)}, test={n_test}, "
            f"access_points={self.train.n_access_points})"
        )


@lru_cache(maxsize=32)
def _are_unique(names: tuple[str, ...]) -> bool:
    return len(set(names)) == len(names)


def _system(frame: LocalFrame) -> str:
    return f"EPSG:{frame.epsg}" if frame.epsg else "metres of a plan of their own"


def _is_number(kind: type) -> bool:
    return issubclass(kind, (int, float, np.integer, np.floating)) and kind is not bool


def _no_number(scans: Sequence[Mapping[str, object]]) -> str:
    """Where a reading is something else."""
    readings = ((n, name, given) for n, scan in enumerate(scans) for name, given in scan.items())
    n, name, given = next(reading for reading in readings if not _is_number(type(reading[2])))
    return f"scan {n}: the RSS of {name!r} is {given!r}; give a number in dBm"


def _require_unique(what: str, names: Sequence[str] | np.ndarray) -> None:
    if len(set(map(str, names))) == len(names):
        return
    seen: set[str] = set()
    for row, name in enumerate(map(str, names)):
        if name in seen:
            raise BadInputError(
                f"{what} {name!r} appears twice (again at position {row}); each must be unique"
            )
        seen.add(name)
