"""Degrees to metres and back: exact to far less than a centimetre, and true to scale."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj.database import query_utm_crs_info

from tutelage.errors import BadInputError
from tutelage.runtime.degrees import has_degrees, require_metres, to_degrees, to_metres, utm_epsg

LATITUDE = st.floats(-79.9, 83.9)
LONGITUDE = st.floats(-179.9, 179.9)
# The ellipsoid of WGS 84: half of its longer axis in metres, and its flattening.
A = 6378137.0
F = 1 / 298.257223563


def ground_metres(latitude: float, longitude: float, north: float, east: float) -> np.ndarray:
    """The place so many metres to the north and to the east, by the ellipsoid's radii of curvature there."""
    e2 = F * (2 - F)
    w = math.sqrt(1 - e2 * math.sin(math.radians(latitude)) ** 2)
    meridian = A * (1 - e2) / w**3
    parallel = A / w * math.cos(math.radians(latitude))
    return np.array([latitude + math.degrees(north / meridian), longitude + math.degrees(east / parallel)])


@given(LATITUDE, LONGITUDE)
def test_utm_of_a_place_and_back_is_the_place_to_a_millimetre(latitude: float, longitude: float) -> None:
    place = np.array([[latitude, longitude]])
    epsg = utm_epsg(place)
    metres = to_metres(place, epsg)
    again = to_metres(to_degrees(metres, epsg), epsg)
    assert np.abs(again - metres).max() < 1e-3
    rounded = np.round(to_degrees(metres, epsg), 7)  # as answers are written
    assert np.hypot(*(to_metres(rounded, epsg) - metres)[0]) < 0.01


@given(LATITUDE, LONGITUDE, st.floats(0, 2 * math.pi))
def test_utm_is_true_to_scale_to_a_thousandth(latitude: float, longitude: float, direction: float) -> None:
    here = np.array([latitude, longitude])
    there = ground_metres(latitude, longitude, 10 * math.cos(direction), 10 * math.sin(direction))
    epsg = utm_epsg(here[None])
    one, other = to_metres(np.array([here, there]), epsg)
    assert np.hypot(*(other - one)) == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize(
    ("latitude", "longitude", "epsg"),
    [(39.99, -0.07, 32630), (61.45, 23.86, 32634), (-33.9, 151.2, 32756), (0, -180, 32601), (0, 180, 32601)],
)
def test_zone_is_that_of_the_place(latitude: float, longitude: float, epsg: int) -> None:
    assert utm_epsg(np.array([[latitude, longitude]])) == epsg


def test_web_mercator_agrees_with_its_formula() -> None:
    x, y = to_metres(np.array([[39.99, -0.07]]), 3857)[0]
    assert x == pytest.approx(A * math.radians(-0.07), abs=1e-6)
    assert y == pytest.approx(A * math.asinh(math.tan(math.radians(39.99))), abs=1e-6)


def test_nothing_stays_nothing() -> None:
    assert np.isnan(to_degrees(np.array([[np.nan, np.nan]]), 25830)).all()


@pytest.mark.parametrize(
    ("epsg", "said"),
    [
        (4326, "is a system of degrees; name the columns lat and lon"),
        (12345, "is not in the list of PROJ"),
        (4978, "has no coordinates in metres east and north"),
        (2263, "has no coordinates in metres east and north"),
    ],
)
def test_code_that_is_no_metric_projection_is_refused(epsg: int, said: str) -> None:
    assert not has_degrees(epsg)
    with pytest.raises(BadInputError, match=f"EPSG:{epsg} .*{said}"):
        require_metres(epsg)


def test_places_that_a_projection_does_not_cover_are_refused() -> None:
    with pytest.raises(BadInputError, match="beyond the UTM zones"):
        utm_epsg(np.array([[89.0, 10.0]]))
    with pytest.raises(BadInputError, match="EPSG:25830 does not cover latitude 0, longitude 87"):
        to_metres(np.array([[0.0, 87.0]]), 25830)


def test_pyproj_is_imported_when_the_first_coordinate_is_projected() -> None:
    program = (
        "import sys, tutelage.cli, tutelage.data.surveys, tutelage.runtime.positions\n"
        "print('pyproj' in sys.modules)\n"
        "tutelage.runtime.degrees.has_degrees(3857); print('pyproj' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]


def test_zone_is_one_that_the_register_of_epsg_has_for_the_place() -> None:
    zones = {int(zone.code): zone.area_of_use for zone in query_utm_crs_info(datum_name="WGS 84")}
    assert len(zones) == 120
    draw = np.random.default_rng(0)
    for latitude, longitude in draw.uniform((-79.9, -179.9), (83.9, 179.9), size=(2000, 2)):
        area = zones[utm_epsg(np.array([[latitude, longitude]]))]
        assert area is not None
        assert area.south <= latitude <= area.north
        assert area.west <= longitude <= area.east
