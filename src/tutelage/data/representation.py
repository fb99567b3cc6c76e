"""From dBm and data-set metres to the input of a network or a distance, and back.

Everything here is fitted on training data only and saved with the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

import numpy as np
from scipy import sparse

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.runtime.readings import to_strength

__all__ = ["FILLED", "CoordinateScaler", "InputKind", "RepresentationKind", "RssRepresentation"]

RepresentationKind = Literal["positive", "exponential", "powed"]
InputKind = Literal["positive", "exponential", "powed", "filled"]
FILLED: Final = "filled"

_FILL = 100.0  # the paper's value where nothing is heard (section 4.1)


@dataclass(frozen=True)
class RssRepresentation:
    """Conversion of RSS in dBm to the values that a network or a distance reads.

    They are not negative, and "not heard" is 0, but in one form.

    With p = (RSS - rss_min) / -rss_min, in [0, 1]:

    - positive: p
    - exponential: (exp(-rss_min p / 24) - 1) / (exp(-rss_min / 24) - 1); the published form has a small
      constant where nothing is heard, which is subtracted here
    - powed: p^e
    - filled, for networks alone: RSS in dBm, and 100 where nothing is heard

    Parameters
    ----------
    kind : str
        One of the names above.
    rss_min_dbm : float
        RSS that becomes 0, in dBm.
    access_points : tuple of str
        Access points heard in training, in the order of the columns of `transform`.

    Notes
    -----
    Source: Torres-Sospedra et al., "Comprehensive analysis of distance and similarity measures for Wi-Fi
    fingerprinting indoor positioning systems", Expert Systems with Applications 42 (2015).

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.FingerprintSet.from_scans([{"ap1": -50.0, "ap2": -99.0}])
    >>> representation = tt.RssRepresentation.fit(scans, "positive")
    >>> representation.rss_min_dbm, representation.transform(scans).toarray().tolist()
    (-100.0, [[0.5, 0.01]])
    """

    kind: InputKind
    rss_min_dbm: float
    access_points: tuple[str, ...]

    @classmethod
    def fit(
        cls, train: FingerprintSet, kind: str = "powed", rss_min_dbm: float | None = None
    ) -> RssRepresentation:
        """Choose the access points heard in training and the lowest RSS.

        Parameters
        ----------
        train : FingerprintSet
            Training scans.
        kind : str, default "powed"
            "positive", "exponential", "powed" or "filled".
        rss_min_dbm : float, optional
            RSS in dBm that becomes 0. By default, the lowest training RSS minus 1.

        Returns
        -------
        RssRepresentation
            The representation.

        Raises
        ------
        UnknownNameError
            If `kind` is not one of the representations.
        BadInputError
            If nothing was heard, or `rss_min_dbm` is not negative.
        """
        if kind not in get_args(InputKind):
            raise UnknownNameError("representation", kind, get_args(InputKind))
        if train.rss_dbm.nnz == 0:
            raise BadInputError(
                "no access point is heard in any training scan; there is nothing to learn from"
            )
        if rss_min_dbm is None:
            rss_min_dbm = float(train.rss_dbm.data.min()) - 1.0
        if not rss_min_dbm < 0:
            raise BadInputError(f"rss_min must be below 0 dBm, it is {rss_min_dbm:g}; typical is -105")
        columns = np.unique(train.rss_dbm.indices)
        names = tuple(train.access_points[j] for j in columns)
        return cls(cast(InputKind, kind), rss_min_dbm, names)

    def transform(self, scans: FingerprintSet) -> sparse.csr_array:
        """Convert scans. Access points that were not heard in training are left out.

        A reading at or below `rss_min_dbm` becomes 0, as if it were not heard. In the form "filled" every
        value is stored.

        Parameters
        ----------
        scans : FingerprintSet
            n scans over any access points.

        Returns
        -------
        scipy.sparse.csr_array
            Values, [n, len(access_points)] float64.
        """
        if self.kind == FILLED:
            return _filled(scans.rss_of(self.access_points))
        rss_dbm = scans.rows_of(self.access_points)
        values = to_strength(rss_dbm.data, self.kind, self.rss_min_dbm)
        return sparse.csr_array((values, rss_dbm.indices, rss_dbm.indptr), shape=rss_dbm.shape)

    def hears(self, scans: FingerprintSet) -> np.ndarray:
        """Say which scans hear an access point that was heard in training, above `rss_min_dbm`.

        Parameters
        ----------
        scans : FingerprintSet
            n scans over any access points.

        Returns
        -------
        numpy.ndarray
            [n] bool.
        """
        if self.kind == FILLED:  # it has no lowest RSS
            return np.asarray(np.diff(scans.rss_of(self.access_points).indptr) > 0)
        return np.asarray(self.transform(scans).sum(axis=1) > 0)

    def config(self) -> dict[str, Any]:
        """Return what `from_config` needs to make the same representation again.

        Returns
        -------
        dict
            JSON values.
        """
        return {"kind": self.kind, "rss_min_dbm": self.rss_min_dbm, "access_points": list(self.access_points)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RssRepresentation:
        """Build the representation that `config` describes.

        Parameters
        ----------
        config : dict
            As `config` returned it.

        Returns
        -------
        RssRepresentation
            The same representation.
        """
        return cls(config["kind"], config["rss_min_dbm"], tuple(config["access_points"]))


@dataclass(frozen=True)
class CoordinateScaler:
    """Conversion between metres and standardised coordinates, with one scale for both axes.

    One scale keeps distances: a loss on standardised coordinates times `scale_m` is in metres. The unit
    square has its own bounds; it compares places of different buildings.

    Parameters
    ----------
    centre_m : tuple of float
        Mean training position in metres.
    scale_m : float
        Square root of the variance of the training positions, averaged over both axes, in metres.
    lower_m, extent_m : tuple of float
        Lower left corner and size of the training positions' bounding box, in metres.

    Examples
    --------
    >>> import numpy as np
    >>> import tutelage as tt
    >>> scaler = tt.CoordinateScaler.fit(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]]))
    >>> scaler.centre_m, scaler.scale_m
    ((2.0, 2.0), 2.0)
    >>> scaler.metres(scaler.standardise(np.array([[3.0, 1.0]]))).tolist()
    [[3.0, 1.0]]
    """

    centre_m: tuple[float, float]
    scale_m: float
    lower_m: tuple[float, float]
    extent_m: tuple[float, float]

    @classmethod
    def fit(cls, position_m: np.ndarray) -> CoordinateScaler:
        """Fit the scaler on training positions.

        Parameters
        ----------
        position_m : numpy.ndarray
            Training positions in metres, [n, 2].

        Returns
        -------
        CoordinateScaler
            The scaler.

        Raises
        ------
        BadInputError
            If all positions are the same.
        """
        lower = position_m.min(axis=0)
        upper = position_m.max(axis=0)
        if not (upper > lower).any():  # rounding can make the variance of one point positive
            raise BadInputError(
                "all training positions are the same point; "
                "positions can only be learnt from several reference points"
            )
        scale = float(np.sqrt(position_m.var(axis=0).mean()))
        return cls(_pair(position_m.mean(axis=0)), scale, _pair(lower), _pair(upper - lower))

    @classmethod
    def neutral(cls) -> CoordinateScaler:
        """Make a scaler that changes nothing, for a survey without positions.

        Returns
        -------
        CoordinateScaler
            Of scale 1 around the origin.
        """
        return cls((0.0, 0.0), 1.0, (0.0, 0.0), (1.0, 1.0))

    def standardise(self, position_m: np.ndarray) -> np.ndarray:
        """Convert metres to coordinates of zero mean and unit mean variance.

        Parameters
        ----------
        position_m : numpy.ndarray
            Positions in metres, [n, 2].

        Returns
        -------
        numpy.ndarray
            Standardised coordinates, [n, 2] float32.
        """
        return np.asarray((position_m - np.asarray(self.centre_m)) / self.scale_m, dtype=np.float32)

    def metres(self, standardised: np.ndarray) -> np.ndarray:
        """Convert standardised coordinates back to metres in the local frame.

        Parameters
        ----------
        standardised : numpy.ndarray
            Standardised coordinates, [n, 2].

        Returns
        -------
        numpy.ndarray
            Positions in metres, [n, 2] float64.
        """
        return np.asarray(standardised.astype(np.float64) * self.scale_m + np.asarray(self.centre_m))

    def unit_square(self, position_m: np.ndarray) -> np.ndarray:
        """Convert metres to places in this building's bounding box.

        Parameters
        ----------
        position_m : numpy.ndarray
            Positions in metres, [n, 2].

        Returns
        -------
        numpy.ndarray
            Places in [0, 1] x [0, 1], [n, 2] float32.
        """
        extent = np.maximum(np.asarray(self.extent_m), 1e-9)
        place = (position_m - np.asarray(self.lower_m)) / extent
        return np.asarray(np.clip(place, 0.0, 1.0), dtype=np.float32)

    def config(self) -> dict[str, Any]:
        """Return what `from_config` needs to make the same scaler again.

        Returns
        -------
        dict
            JSON values.
        """
        return {
            "centre_m": list(self.centre_m),
            "scale_m": self.scale_m,
            "lower_m": list(self.lower_m),
            "extent_m": list(self.extent_m),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CoordinateScaler:
        """Build the scaler that `config` describes.

        Parameters
        ----------
        config : dict
            As `config` returned it.

        Returns
        -------
        CoordinateScaler
            The same scaler.
        """
        return cls(
            _pair(config["centre_m"]), config["scale_m"], _pair(config["lower_m"]), _pair(config["extent_m"])
        )


def _filled(rss_dbm: sparse.csr_array) -> sparse.csr_array:
    """Store every value of [n, m], those that are not heard as 100."""
    n, m = rss_dbm.shape
    values = np.full((n, m), _FILL)
    values[np.repeat(np.arange(n), np.diff(rss_dbm.indptr)), rss_dbm.indices] = rss_dbm.data
    columns = np.tile(np.arange(m, dtype=rss_dbm.indices.dtype), n)
    return sparse.csr_array((values.ravel(), columns, np.arange(n + 1) * m), shape=(n, m))


def _pair(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])
