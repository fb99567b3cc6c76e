"""Settings of tracks: sound defaults, and values that cannot be are refused by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from tutelage.errors import BadInputError
from tutelage.serving.tracks import TrackSettings


@pytest.mark.parametrize("name", [field.name for field in fields(TrackSettings)])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "fast", None, True])
def test_impossible_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadInputError, match=f"^{name} is .*such as"):
        TrackSettings(**{name: value})


def test_tolerance_cannot_end_before_the_delay() -> None:
    with pytest.raises(BadInputError, match="raise tolerance_timeout_s or lower exit_delay_s"):
        TrackSettings(exit_delay_s=50.0)


def test_a_streak_is_a_whole_number() -> None:
    with pytest.raises(BadInputError, match=r"floor_streak is 2\.5; give a whole number, such as 2"):
        TrackSettings(floor_streak=2.5)  # type: ignore[arg-type]
