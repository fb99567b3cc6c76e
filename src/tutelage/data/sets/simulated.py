"""A simulated building: offices on a regular plan, surveyed by walkers with phones.

It replaces a real survey in examples, in tests and for a first look. Its radio is the COST 231 multi-wall
model under spatially correlated shadowing. It has what makes real surveys hard: walls and floors, the
walker's body, another phone in the test, access points that come and go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["Building", "multi_wall_rss_dbm", "simulated_survey"]

_LOSS_AT_1M_DB = 40.0  # free space at 2.4 GHz
# COST 231, between storeys
_FLOOR_LOSS_DB = 18.3
_FLOOR_EXPONENT = 0.46
_SPECTRAL_LINES = 64  # so many make the shadowing close to normal
_SCANS_PER_POINT = 4  # one a quarter turn, as surveyors stand
_DAYS = 4  # two walkers and two phones make four pairs
_ANTENNA_HEIGHT_M = 2.8
_PHONE_HEIGHT_M = 1.2
_WORKDAY = np.timedelta64(8 * 3600 * 1000, "ms")
_START = np.datetime64("2024-03-04T09:00:00", "ms")
_TEST_START = np.datetime64("2024-04-08T09:00:00", "ms")


_Length = Annotated[float, Field(gt=0)]


class Building(BaseModel):
    """Size, radio and survey of a simulated building.

    Parameters
    ----------
    n_floors : int
        Number of floors.
    width_m, depth_m, floor_height_m : float
        Size of the building and of a floor, in metres.
    room_m : tuple of float
        Sides of a room along x and y, in metres; walls stand on every multiple of them.
    n_access_points : int
        Number over all floors, with those that come and go.
    churn : float
        Share of the access points heard only in training, and again only in the test, in [0, 0.5].
    power_dbm : float
        RSS at the antenna, before any loss, in dBm.
    exponent : float
        Exponent of the loss over distance; 2 is free space, as in COST 231.
    wall_loss_db : float
        Loss of a light wall (COST 231), in dB.
    shadowing_db, shadowing_m : float
        Standard deviation of the shadowing in dB, and its correlation distance in metres.
    body_loss_db : float
        Loss behind the walker's back, in dB.
    device_offset_db : float
        Standard deviation of the offsets between phones, in dB.
    fading_db : float
        Standard deviation of the noise of one reading, in dB.
    threshold_dbm : float
        RSS below which nothing is heard, in dBm.
    faint_db : float
        Just above the threshold readings are missed; their share falls by e over this many dB.
    n_train : int
        Approximate number of training scans, on a grid of reference points with four scans each.
    n_test : int
        Number of test scans, at random positions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_floors: int = Field(default=2, ge=1)
    width_m: float = Field(default=60.0, gt=0)
    depth_m: float = Field(default=30.0, gt=0)
    floor_height_m: float = Field(default=3.5, ge=3)
    room_m: tuple[_Length, _Length] = (6.0, 5.0)
    n_access_points: int = Field(default=40, ge=1)
    churn: float = Field(default=0.05, ge=0, le=0.5)
    power_dbm: float = 15.0
    exponent: float = Field(default=2.0, gt=0)
    wall_loss_db: float = Field(default=3.4, ge=0)
    shadowing_db: float = Field(default=4.0, ge=0)
    shadowing_m: float = Field(default=6.0, gt=0)
    body_loss_db: float = Field(default=5.0, ge=0)
    device_offset_db: float = Field(default=3.0, ge=0)
    fading_db: float = Field(default=2.0, ge=0)
    threshold_dbm: float = Field(default=-95.0, ge=-120, le=0)
    faint_db: float = Field(default=4.0, gt=0)
    n_train: int = Field(default=1200, ge=1)
    n_test: int = Field(default=300, ge=1)


@dataclass(frozen=True, eq=False)
class _Radio:
    """What stays the same from scan to scan: access points, their shadowing, the phones."""

    antenna_m: np.ndarray  # [a, 3]
    wave: np.ndarray  # [a, k, 3] spectral lines of the shadowing, radians per metre
    phase: np.ndarray  # [a, k]
    phone_offset_db: np.ndarray  # [3]


@dataclass(frozen=True, eq=False)
class _Walk:
    """Place, direction, phone, walker and time of n scans."""

    phone_m: np.ndarray  # [n, 3]
    heading: np.ndarray  # [n] radians
    phone: np.ndarray  # [n] int
    walker: np.ndarray  # [n] int
    time: np.ndarray


def simulated_survey(seed: int = 0, **building: Any) -> Survey:
    """Survey a simulated building.

    Parameters
    ----------
    seed : int, default 0
        Random seed. The same seed and building give the same survey.
    **building
        Fields of `Building`. The number of test scans does not change the training scans.

    Returns
    -------
    Survey
        A survey called "simulated", with floor, building, device, user and time. The test scans come five
        weeks later, from another person with another phone.

    Raises
    ------
    BadInputError
        If a field of `Building` does not exist or is out of range.

    Examples
    --------
    >>> import tutelage as tt
    >>> tt.simulated_survey(seed=3, n_floors=1, n_train=200, n_test=50)
    Survey('simulated', train=200, test=50, access_points=40)
    """
    try:
        plan = Building(**building)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise BadInputError(f"Building, {field} = {first['input']!r}: {first['msg']}") from error
    radio_rng, train_rng, test_rng = np.random.default_rng(seed).spawn(3)
    radio = _radio(plan, radio_rng)
    access_point = np.arange(plan.n_access_points)
    n_churned = round(plan.churn * plan.n_access_points)
    not_yet = access_point < n_churned
    no_more = access_point >= plan.n_access_points - n_churned
    train = _scanned(plan, radio, _training_walk(plan), ~not_yet, train_rng, "train")
    test = _scanned(plan, radio, _test_walk(plan, test_rng), ~no_more, test_rng, "test")
    return Survey("simulated", train, test)


# -- the radio ------------------------------------------------------------------------------------


def multi_wall_rss_dbm(plan: Building, antenna_m: np.ndarray, phone_m: np.ndarray) -> np.ndarray:
    """Compute mean RSS by the multi-wall model: distance, and the walls and floors in between.

    `P - L_1m - 10 n log10(d) - k_w L_w - L_f k_f^((k_f + 2) / (k_f + 1) - b)`, d at least 1 m.

    Parameters
    ----------
    plan : Building
        The building.
    antenna_m : numpy.ndarray
        x, y and height above ground of the antennas in metres, [a, 3].
    phone_m : numpy.ndarray
        The same of the phones, [n, 3].

    Returns
    -------
    numpy.ndarray
        RSS in dBm, [n, a].

    Notes
    -----
    Source: COST Action 231 final report (1999), section 4.7, multi-wall model. Here all walls are light ones,
    counted along x and y apart.
    """
    distance_m = np.linalg.norm(phone_m[:, None] - antenna_m, axis=-1)
    cell_m = np.array([*plan.room_m, plan.floor_height_m])
    crossed = np.abs(phone_m[:, None] // cell_m - antenna_m // cell_m)
    walls = crossed[..., :2].sum(axis=-1)
    floors = crossed[..., 2]
    floor_loss_db = _FLOOR_LOSS_DB * floors ** ((floors + 2) / (floors + 1) - _FLOOR_EXPONENT)
    distance_loss_db = 10 * plan.exponent * np.log10(np.maximum(distance_m, 1.0))
    lost_db = _LOSS_AT_1M_DB + distance_loss_db + plan.wall_loss_db * walls + floor_loss_db
    return np.asarray(plan.power_dbm - lost_db)


def _radio(plan: Building, rng: np.random.Generator) -> _Radio:
    a = plan.n_access_points
    floor = np.arange(a) % plan.n_floors
    place = rng.uniform((0.0, 0.0), (plan.width_m, plan.depth_m), size=(a, 2))
    # Spectral lines from a multivariate Cauchy distribution, the spectrum of a field whose correlation
    # falls as exp(-distance / shadowing_m) (Gudmundson, Electronics Letters 27, 1991).
    line = (a, _SPECTRAL_LINES)
    wave = rng.standard_normal((*line, 3)) / np.abs(rng.standard_normal((*line, 1))) / plan.shadowing_m
    return _Radio(
        antenna_m=np.column_stack([place, floor * plan.floor_height_m + _ANTENNA_HEIGHT_M]),
        wave=wave,
        phase=rng.uniform(0, 2 * np.pi, line),
        phone_offset_db=plan.device_offset_db * rng.standard_normal(3),
    )


def _shadowing_db(plan: Building, radio: _Radio, phone_m: np.ndarray) -> np.ndarray:
    """Return the shadowing in dB, [n, a]: a fixed random field for each access point."""
    fields = [
        np.cos(phone_m @ wave.T + phase).sum(axis=1)
        for wave, phase in zip(radio.wave, radio.phase, strict=True)
    ]
    return np.asarray(plan.shadowing_db * np.sqrt(2 / _SPECTRAL_LINES) * np.column_stack(fields))


def _body_loss_db(plan: Building, radio: _Radio, walk: _Walk) -> np.ndarray:
    """Return the loss of the walker's body in dB, [n, a]: none ahead, `body_loss_db` right behind."""
    ahead = (radio.antenna_m - walk.phone_m[:, None])[..., :2]
    angle = np.arctan2(ahead[..., 1], ahead[..., 0]) - walk.heading[:, None]
    return np.asarray(plan.body_loss_db * (1 - np.cos(angle)) / 2)


# -- the survey -----------------------------------------------------------------------------------


def _training_walk(plan: Building) -> _Walk:
    """Visit each reference point of a square grid on one of four days; each day covers the building."""
    n_points = plan.n_train / _SCANS_PER_POINT / plan.n_floors
    spacing_m = np.sqrt(plan.width_m * plan.depth_m / n_points)
    n_x, n_y = (max(1, round(side / spacing_m)) for side in (plan.width_m, plan.depth_m))
    x = (np.arange(n_x) + 0.5) * plan.width_m / n_x
    y = (np.arange(n_y) + 0.5) * plan.depth_m / n_y
    z = np.arange(plan.n_floors) * plan.floor_height_m + _PHONE_HEIGHT_M
    points = np.stack(np.meshgrid(z, x, y, indexing="ij"), axis=-1).reshape(-1, 3)[:, [1, 2, 0]]
    phone_m = np.repeat(points, _SCANS_PER_POINT, axis=0)
    scan = np.arange(len(phone_m))
    day = scan // _SCANS_PER_POINT % _DAYS
    return _Walk(
        phone_m,
        heading=scan % _SCANS_PER_POINT * 2 * np.pi / _SCANS_PER_POINT,
        phone=day // 2,
        walker=day % 2,
        time=_START + day * np.timedelta64(1, "D") + scan * _WORKDAY // len(scan),
    )


def _test_walk(plan: Building, rng: np.random.Generator) -> _Walk:
    n = plan.n_test
    place = rng.uniform((0.0, 0.0), (plan.width_m, plan.depth_m), size=(n, 2))
    floor = rng.integers(plan.n_floors, size=n)
    return _Walk(
        np.column_stack([place, floor * plan.floor_height_m + _PHONE_HEIGHT_M]),
        heading=rng.uniform(0, 2 * np.pi, n),
        phone=np.full(n, 2),
        walker=np.full(n, 2),
        time=_TEST_START + np.arange(n) * _WORKDAY // n,
    )


def _scanned(
    plan: Building, radio: _Radio, walk: _Walk, present: np.ndarray, rng: np.random.Generator, name: str
) -> FingerprintSet:
    """Return what the phones of a walk hear of the access points that are `present` [a]."""
    rss_dbm = (
        multi_wall_rss_dbm(plan, radio.antenna_m, walk.phone_m)
        + _shadowing_db(plan, radio, walk.phone_m)
        - _body_loss_db(plan, radio, walk)
        + radio.phone_offset_db[walk.phone][:, None]
    )
    rss_dbm += plan.fading_db * rng.standard_normal(rss_dbm.shape)
    missed = np.exp(np.minimum((plan.threshold_dbm - rss_dbm) / plan.faint_db, 0.0))
    is_heard = present & (rng.random(rss_dbm.shape) > missed)
    n, a = rss_dbm.shape
    return FingerprintSet.from_absolute(
        csr_from_dense(np.rint(rss_dbm).clip(RSS_MIN_DBM, RSS_MAX_DBM), is_heard),
        [f"AP{j:03d}" for j in range(a)],
        np.array([f"{name}-{i:05d}" for i in range(n)]),
        walk.phone_m[:, :2],
        frame=LocalFrame(),
        floor=(walk.phone_m[:, 2] // plan.floor_height_m).astype(np.int64).astype(np.str_),
        building=np.full(n, "simulated"),
        device=np.char.add("phone-", (walk.phone + 1).astype(np.str_)),
        user=np.char.add("walker-", (walk.walker + 1).astype(np.str_)),
        time=walk.time,
    )
