"""Methods of exported models: each kind is built by its own entry of one registry."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.runtime.exported_methods import build_judge, build_method
from tutelage.runtime.judging import Judge
from tutelage.runtime.rows import CompressedRows


def test_knn_is_built_from_its_arrays() -> None:
    arrays = {
        "value": np.array([0.5, 0.9], dtype=np.float32),
        "column": np.array([0, 1]),
        "offset": np.array([0, 1, 2]),
        "position_m": np.array([[0.0, 0.0], [8.0, 4.0]]),
        "floor": np.array([0, 1]),
    }
    card = {
        "kind": "knn",
        "settings": {"metric": "sorensen", "k": 1},
        "access_points": ["a", "b"],
        "floors": ["0", "1"],
        "buildings": None,
    }
    scan = CompressedRows(np.array([0.8]), np.array([1]), np.array([0, 1]), (1, 2))
    answer = build_method(card, arrays, {}).locate(scan, scan)
    assert answer.position_m.tolist() == [[8.0, 4.0]]
    assert answer.floor is not None
    assert answer.floor.tolist() == ["1"]
    assert answer.building is None
    assert build_judge(card, arrays) == Judge(None, None)


def test_kind_that_is_not_registered_is_an_error() -> None:
    with pytest.raises(KeyError, match="other"):
        build_method({"kind": "other"}, {}, {})
