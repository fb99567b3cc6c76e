"""Labels of fingerprints with weights."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.runtime.votes import Labels


@pytest.mark.parametrize(
    ("floors", "weight", "expected"),
    [
        (["1", "2", "2"], [0.4, 0.3, 0.3], "2"),
        (["", "", "2"], [0.5, 0.4, 0.1], "2"),  # unknown is no floor
        (["", "1", "2"], [0.6, 0.1, 0.3], "2"),
        (["", "", "2"], [0.5, 0.5, 0.0], ""),  # nothing speaks for floor 2
        (["", "", ""], [0.5, 0.3, 0.2], ""),
    ],
)
def test_the_label_with_the_largest_weight_wins_over_none(
    floors: list[str], weight: list[float], expected: str
) -> None:
    labels = Labels.encode(np.array(floors))
    assert labels is not None
    row = np.array([[0, 1, 2]])
    assert labels.vote(row, np.array([weight])).tolist() == [expected]
