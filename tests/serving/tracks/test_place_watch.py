"""When a device leaves a place: delay, tolerance and timeout."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.serving.tracks import TrackSettings
from tutelage.serving.tracks.place_watch import PlaceWatch, Standing
from tutelage.serving.tracks.places import PlaceVotes

SETTINGS = TrackSettings(exit_delay_s=5.0, tolerance_timeout_s=20.0)
STANDINGS = {"i": Standing.INSIDE, "t": Standing.TOLERATED, "o": Standing.OUTSIDE}


@pytest.mark.parametrize(
    ("standings", "left_s"),
    [
        ("oooooo", 6),  # the first such answer comes at 1 s
        ("ooooiooooooo", 11),
        ("oooottoooooooo", 12),  # within the tolerance the delay starts anew
        ("t" * 25, 21),
        ("ottttttttttttttttttttttt", 21),
        ("tttttttttttttttttooooo", 21),
        ("ttttttttttttttttttittttttt", None),
    ],
)
def test_a_device_leaves_after_delay_or_timeout(standings: str, left_s: int | None) -> None:
    watch = PlaceWatch(SETTINGS, "kitchen", 0.0)
    left = None
    for time_s, letter in enumerate(standings, start=1):
        standing = STANDINGS[letter]
        watch.update(float(time_s), "kitchen" if standing is Standing.INSIDE else "hall", standing)
        if watch.place == "hall":
            left = time_s
            break
    assert left == left_s


def test_reasons_say_why_a_place_is_kept_and_left() -> None:
    watch = PlaceWatch(SETTINGS, "kitchen", 0.0)
    assert watch.update(2.0, "hall", Standing.TOLERATED) == (
        "kitchen kept: within the tolerance for 0 s, answers name hall"
    )
    assert watch.update(4.0, "kitchen", Standing.INSIDE) == ""
    watch.update(6.0, None, Standing.OUTSIDE)
    assert watch.update(12.0, None, Standing.OUTSIDE) == "no place: 6 s not in kitchen"


def test_from_no_place_a_device_enters_at_once() -> None:
    watch = PlaceWatch(SETTINGS, None, 0.0)
    watch.update(10.0, None, Standing.INSIDE)
    watch.update(20.0, "hall", Standing.OUTSIDE)
    assert watch.place == "hall"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0.01, 1), st.floats(0, 30)), min_size=1))
def test_votes_are_shares_in_bounded_memory(votes: list[tuple[str, float, float]]) -> None:
    counted = PlaceVotes(TrackSettings())
    time_s = 0.0
    for place, weight, gap_s in votes:
        time_s += gap_s
        counted.add(time_s, place, weight)
        shares = [counted.share(name) for name in "abcdefgh"]
        assert sum(shares) == pytest.approx(1.0)
        leader = counted.leader()
        assert leader is not None
        assert counted.share(leader) == max(shares)
        assert counted.standing(leader) is Standing.INSIDE


def test_old_votes_fade() -> None:
    counted = PlaceVotes(TrackSettings(vote_s=5.0, exit_tolerance_share=0.2))
    counted.add(0.0, "kitchen", 1.0)
    counted.add(1.0, "hall", 0.9)
    assert counted.leader() == "hall"
    assert counted.standing("kitchen") is Standing.TOLERATED
    counted.add(20.0, "hall", 0.9)
    assert counted.standing("kitchen") is Standing.OUTSIDE
    counted.add(100.0, None, 0.5)
    assert counted.leader() is None
    assert counted.share("hall") == 0.0
