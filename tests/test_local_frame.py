"""The metric frame near the data."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError
from tutelage.runtime.frames import LocalFrame


def test_ground_scale_of_web_mercator_is_that_of_its_latitude() -> None:
    assert LocalFrame((-7_600.0, 4.865e6), 3857).ground_scale == pytest.approx(0.766, abs=5e-4)


def test_ground_scale_of_any_other_frame_is_one() -> None:
    assert LocalFrame((0.0, 4.865e6)).ground_scale == 1.0
    assert LocalFrame((0.0, 4.865e6), 25830).ground_scale == 1.0


def test_frame_around_has_its_origin_at_the_lower_left_whole_metre() -> None:
    frame = LocalFrame.around(np.array([[3.7, -1.2], [10.1, 5.5]]), 3857)
    assert frame == LocalFrame((3.0, -2.0), 3857)


def test_absolute_coordinates_keep_a_micrometre_far_from_the_origin() -> None:
    absolute = np.array([[-7_612.123456, 4_865_012.654321], [-7_610.000001, 4_865_010.000002]])
    scans = FingerprintSet.from_absolute(
        csr_from_dense(np.full((2, 1), -50.0), np.ones((2, 1), bool)), ["a"], np.array(["s", "t"]), absolute
    )
    assert np.abs(scans.known_position_m).max() < 10
    np.testing.assert_allclose(scans.absolute_position_m, absolute, rtol=0, atol=1e-7)


@pytest.mark.parametrize("epsg", [-5, 0, 999999])
def test_epsg_codes_out_of_range_are_refused(epsg: int) -> None:
    with pytest.raises(BadInputError, match=f"{epsg} is no EPSG code"):
        LocalFrame(epsg=epsg)
