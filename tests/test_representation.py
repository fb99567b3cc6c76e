"""RSS representations and the scaling of coordinates."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.errors import BadInputError, UnknownNameError

KINDS = ("positive", "exponential", "powed")


def represented(kind: str, rss_dbm: list[float], rss_min_dbm: float = -100.0) -> np.ndarray:
    """What `kind` makes of these readings."""
    names = [f"a{j}" for j in range(len(rss_dbm))]
    scans = FingerprintSet.from_scans([dict(zip(names, rss_dbm, strict=True))])
    values: np.ndarray = RssRepresentation.fit(scans, kind, rss_min_dbm).transform(scans).toarray()[0]
    return values


@pytest.mark.parametrize("kind", KINDS)
def test_representation_runs_from_zero_at_the_minimum_to_one_at_zero_dbm(kind: str) -> None:
    np.testing.assert_allclose(represented(kind, [-100.0, 0.0]), [0.0, 1.0])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("positive", [0.25, 0.5, 0.8]),
        ("exponential", [0.0288808444, 0.1107273180, 0.4256942563]),
        ("powed", [0.0230903899, 0.1519552233, 0.5452193650]),
    ],
)
def test_representation_has_known_values(kind: str, expected: list[float]) -> None:
    np.testing.assert_allclose(represented(kind, [-75.0, -50.0, -20.0]), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_representation_rises_with_rss(kind: str) -> None:
    assert (np.diff(represented(kind, list(np.linspace(-99, 0, 40)))) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_representation_of_what_is_not_heard_is_zero(kind: str) -> None:
    train = FingerprintSet.from_scans([{"a": -40.0, "b": -60.0}, {}])
    values = RssRepresentation.fit(train, kind).transform(train).toarray()
    np.testing.assert_array_equal(values == 0, [[False, False], [True, True]])


def test_exponential_is_the_published_form_less_its_constant_rescaled_to_end_at_one() -> None:
    rss = np.array([-95.0, -60.0, -30.0, -1.0])
    published = np.exp((rss + 100) / 24) / math.exp(100 / 24)
    constant = 1 / math.exp(100 / 24)  # the published form where nothing is heard
    np.testing.assert_allclose(
        represented("exponential", rss.tolist()), (published - constant) / (1 - constant), rtol=1e-6
    )


def test_reading_below_the_minimum_counts_as_not_heard() -> None:
    np.testing.assert_array_equal(represented("positive", [-110.0, -100.0]), [0.0, 0.0])


def test_minimum_is_one_below_the_weakest_training_reading() -> None:
    train = FingerprintSet.from_scans([{"a": -40.0, "b": -93.0}])
    assert RssRepresentation.fit(train).rss_min_dbm == -94.0


def test_representation_is_fitted_on_training_scans_only() -> None:
    train = FingerprintSet.from_scans([{"a": -40.0, "b": -60.0}]).aligned_to(["unheard", "b", "a"])
    test = FingerprintSet.from_scans([{"only in test": -30.0, "a": -100.0, "b": -20.0}])
    representation = RssRepresentation.fit(train, "positive")
    assert representation.access_points == ("b", "a")
    assert representation.rss_min_dbm == -61.0
    np.testing.assert_allclose(representation.transform(test).toarray(), [[41 / 61, 0.0]])


@pytest.mark.parametrize("kind", KINDS)
def test_representation_survives_its_config_as_json(kind: str) -> None:
    train = FingerprintSet.from_scans([{"a": -40.0, "b": -60.5}])
    fitted = RssRepresentation.fit(train, kind)
    assert RssRepresentation.from_config(json.loads(json.dumps(fitted.config()))) == fitted


def test_unknown_representation_suggests_near_misses() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown representation 'power'.* powed"):
        RssRepresentation.fit(FingerprintSet.from_scans([{"a": -40.0}]), "power")


def test_representation_of_blank_training_scans_is_refused() -> None:
    with pytest.raises(BadInputError, match="nothing to learn from"):
        RssRepresentation.fit(FingerprintSet.from_scans([{}, {}]))


@pytest.mark.parametrize("rss_min_dbm", [0.0, 5.0, math.nan])
def test_minimum_that_is_not_negative_is_refused(rss_min_dbm: float) -> None:
    with pytest.raises(BadInputError, match="below 0 dBm"):
        represented("powed", [-40.0], rss_min_dbm)


# -- coordinates --------------------------------------------------------------------------------

POSITIONS = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 8), st.just(2)), elements=st.floats(-500, 500)
).filter(lambda position: bool(np.ptp(position, axis=0).max() > 1e-2))


@given(POSITIONS, st.sampled_from([0.0, 4.865e6]))
def test_scaler_round_trip_gives_the_metres_back_far_from_the_origin_too(
    position_m: np.ndarray, origin: float
) -> None:
    position_m = position_m + origin
    scaler = CoordinateScaler.fit(position_m)
    back = scaler.metres(scaler.standardise(position_m))
    assert back.dtype == np.float64
    # float32 resolution of the building, not of the absolute coordinate (there it is 0.5 m)
    np.testing.assert_allclose(back, position_m, rtol=0, atol=5e-7 * float(np.ptp(position_m)) + 5e-9)


@given(POSITIONS)
def test_scaler_keeps_the_ratio_of_distances(position_m: np.ndarray) -> None:
    scaler = CoordinateScaler.fit(position_m)
    standardised = scaler.standardise(position_m).astype(np.float64)
    found = np.linalg.norm(standardised[:, None] - standardised[None], axis=-1) * scaler.scale_m
    expected = np.linalg.norm(position_m[:, None] - position_m[None], axis=-1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * float(np.ptp(position_m)))


def test_scaler_standardises_to_zero_mean_and_unit_mean_variance() -> None:
    position_m = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 6.0], [0.0, 6.0]])
    scaler = CoordinateScaler.fit(position_m)
    assert scaler.centre_m == (4.0, 3.0)
    assert scaler.scale_m == pytest.approx(math.sqrt((16 + 9) / 2))
    standardised = scaler.standardise(position_m)
    assert standardised.dtype == np.float32
    np.testing.assert_allclose(standardised.var(axis=0).mean(), 1.0, rtol=1e-6)


def test_unit_square_spans_the_training_positions_and_clips_beyond() -> None:
    scaler = CoordinateScaler.fit(np.array([[10.0, 5.0], [30.0, 15.0]]))
    places = scaler.unit_square(np.array([[10.0, 5.0], [30.0, 15.0], [15.0, 10.0], [0.0, 99.0]]))
    np.testing.assert_allclose(places, [[0.0, 0.0], [1.0, 1.0], [0.25, 0.5], [0.0, 1.0]])


def test_unit_square_of_a_corridor_is_finite() -> None:
    scaler = CoordinateScaler.fit(np.array([[0.0, 5.0], [30.0, 5.0]]))
    np.testing.assert_array_equal(scaler.unit_square(np.array([[30.0, 5.0]])), [[1.0, 0.0]])


def test_scaler_survives_its_config_as_json() -> None:
    scaler = CoordinateScaler.fit(np.array([[0.1, 0.2], [30.3, 5.7]]))
    assert CoordinateScaler.from_config(json.loads(json.dumps(scaler.config()))) == scaler


@pytest.mark.parametrize("place", [0.0, 0.1, 4_865_012.3])  # the mean of three 0.1 is not 0.1
def test_one_reference_point_is_refused(place: float) -> None:
    with pytest.raises(BadInputError, match="several reference points"):
        CoordinateScaler.fit(np.full((3, 2), place))
