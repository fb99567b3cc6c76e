"""Answers for the tests of tracks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tutelage.serving.answers import Answer

__all__ = ["answers", "heard_at", "unlocated", "walks"]


def heard_at(time_s: float, x_m: float | None = 0.0, y_m: float | None = 0.0, **labels: Any) -> Answer:
    """Make an answer with a radius of 5 m, on floor 2 of model hq where nothing else is said."""
    fields = {"model": "hq", "floor": "2", "radius_m": 5.0, "level": 0.95, **labels}
    return Answer(time_s, reason="", n_heard=9, n_known=9, x_m=x_m, y_m=y_m, **fields)


def unlocated(time_s: float, reason: str = "the scan is blank") -> Answer:
    """Make an answer that does not say where."""
    return Answer(time_s, model=None, reason=reason, n_heard=0, n_known=0)


def answers(time_s: float) -> st.SearchStrategy[Answer]:
    """Draw any answer at a time."""
    coordinate = st.floats(-500, 500)
    located = st.builds(
        lambda x, y, **labels: heard_at(time_s, x, y, **labels),
        coordinate,
        coordinate,
        radius_m=st.none() | st.floats(0.5, 80),
        floor=st.sampled_from(["1", "2", None]),
        place=st.sampled_from(["a", "b", "c", None]),
        place_probability=st.none() | st.floats(0, 1),
        model=st.sampled_from(["hq", "hq", "hq", "annexe"]),
    )
    only_place = st.builds(
        lambda place: heard_at(time_s, None, None, radius_m=None, place=place), st.sampled_from(["a", "b"])
    )
    return st.one_of(located, located, only_place, st.just(unlocated(time_s)))


@st.composite
def walks(draw: st.DrawFn, least_s: float = 0.1, most_s: float = 90.0) -> list[Answer]:
    """Draw answers in the order of their times."""
    time_s, drawn = 1.7e9, []
    for gap_s in draw(st.lists(st.floats(least_s, most_s), min_size=2, max_size=15)):
        time_s += gap_s
        drawn.append(draw(answers(time_s)))
    return drawn
