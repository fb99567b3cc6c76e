"""Splits: the laws that keep them from leaking."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sets.simulated import simulated_survey
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.data.splits import split_by_device, split_by_position, split_by_time, split_by_user
from tutelage.errors import BadInputError

DAY_MS = 24 * 3600 * 1000


def scans_of(n: int, position_m: np.ndarray | None = None, **fields: Any) -> FingerprintSet:
    empty = csr_from_dense(np.zeros((n, 1)), np.zeros((n, 1), dtype=bool))
    return FingerprintSet(empty, ("AP0",), np.arange(n).astype(str), position_m, **fields)


def assert_partition(n: int, rest: np.ndarray, held: np.ndarray) -> None:
    assert len(rest) > 0
    assert len(held) > 0
    np.testing.assert_array_equal(np.sort(np.concatenate([rest, held])), np.arange(n))


labels = st.lists(st.sampled_from("abcde"), min_size=2, max_size=40).filter(lambda x: len(set(x)) > 1)
fractions = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**31)
law = settings(max_examples=60)


@law
@given(labels, fractions, seeds, st.sampled_from([("device", split_by_device), ("user", split_by_user)]))
def test_split_by_label_partitions_and_keeps_groups_whole(
    label: list[str],
    fraction: float,
    seed: int,
    kind: tuple[str, Callable[..., tuple[np.ndarray, np.ndarray]]],
) -> None:
    field, split = kind
    scans = scans_of(len(label), **{field: np.array(label)})
    rest, held = split(scans, fraction, seed)
    assert_partition(len(label), rest, held)
    assert set(np.array(label)[rest]).isdisjoint(np.array(label)[held])
    again = split(scans, fraction, seed)
    np.testing.assert_array_equal(again[1], held)


points = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from("01")), min_size=2, max_size=40
)


@law
@given(points.filter(lambda x: len(set(x)) > 1), fractions, seeds)
def test_split_by_position_partitions_and_keeps_reference_points_whole(
    point: list[tuple[int, int, str]], fraction: float, seed: int
) -> None:
    position_m = np.array([p[:2] for p in point], dtype=np.float64)
    scans = scans_of(len(point), position_m, floor=np.array([p[2] for p in point]))
    rest, held = split_by_position(scans, fraction, seed)
    assert_partition(len(point), rest, held)
    assert {point[i] for i in rest}.isdisjoint({point[i] for i in held})
    np.testing.assert_array_equal(split_by_position(scans, fraction, seed)[1], held)


moments = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from("ab")), min_size=2, max_size=40
)


@law
@given(moments.filter(lambda x: len({m[:2] for m in x}) > 1), fractions)
def test_split_by_time_without_users_holds_out_strictly_later_scans(
    moment: list[tuple[int, int, str]], fraction: float
) -> None:
    time = np.array([day * DAY_MS + 1000 * second for day, second, _ in moment], dtype="datetime64[ms]")
    rest, held = split_by_time(scans_of(len(moment), time=time), fraction)
    assert_partition(len(moment), rest, held)
    assert time[rest].max() < time[held].min()


@law
@given(moments, fractions)
def test_split_by_time_never_cuts_a_visit_nor_an_instant(
    moment: list[tuple[int, int, str]], fraction: float
) -> None:
    time = np.array([day * DAY_MS + 1000 * second for day, second, _ in moment], dtype="datetime64[ms]")
    user = np.array([name for *_, name in moment])
    try:
        rest, held = split_by_time(scans_of(len(moment), time=time, user=user), fraction)
    except BadInputError:  # everything hangs together
        return
    assert_partition(len(moment), rest, held)
    for key in (lambda m: m[:2], lambda m: (m[0], m[2])):
        assert {key(moment[i]) for i in rest}.isdisjoint({key(moment[i]) for i in held})


def test_split_by_time_joins_the_visits_of_walkers_who_meet() -> None:
    # Day 0: a and b scan at the same instant; day 1: a alone.
    time = np.array([0, 10, 10, 20, DAY_MS], dtype="datetime64[ms]")
    scans = scans_of(5, time=time, user=np.array(["a", "a", "b", "b", "a"]))
    rest, held = split_by_time(scans, 0.5)
    assert (rest.tolist(), held.tolist()) == ([0, 1, 2, 3], [4])


def test_split_by_cell_keeps_neighbouring_points_together() -> None:
    x = np.repeat(np.arange(40.0), 3)
    scans = scans_of(120, np.column_stack([x, np.zeros(120)]))
    rest, held = split_by_position(scans, 0.3, cell_m=10.0)
    assert set(x[rest] // 10).isdisjoint(x[held] // 10)
    assert len(held) == 30  # of the four cells one is nearest to 0.3


def test_split_holds_out_about_the_fraction() -> None:
    train = simulated_survey().train
    for fraction in (0.1, 0.3, 0.8):
        assert len(split_by_position(train, fraction)[1]) / len(train) == pytest.approx(fraction, abs=0.01)


def test_split_by_position_differs_between_seeds() -> None:
    train = simulated_survey().train
    assert split_by_position(train, seed=0)[1].tolist() != split_by_position(train, seed=1)[1].tolist()


def test_split_by_time_of_a_survey_holds_out_its_last_day() -> None:
    train = simulated_survey().train
    _, held = split_by_time(train)
    assert train.time is not None
    assert set(train.time[held].astype("datetime64[D]").astype(str)) == {"2024-03-07"}


@pytest.mark.parametrize(
    ("split", "missing"),
    [
        (split_by_position, "x_m and y_m"),
        (split_by_time, "column time"),
        (split_by_device, "column device"),
        (split_by_user, "column user"),
    ],
)
def test_split_names_the_missing_field(split: Callable[..., object], missing: str) -> None:
    with pytest.raises(BadInputError, match=missing):
        split(scans_of(3))


@pytest.mark.parametrize("split", [split_by_position, split_by_time, split_by_device, split_by_user])
def test_split_of_a_single_group_is_refused(split: Callable[..., object]) -> None:
    same = np.full(3, "a")
    time = np.zeros(3, dtype="datetime64[ms]")
    scans = scans_of(3, np.zeros((3, 2)), device=same, user=same, time=time)
    with pytest.raises(BadInputError, match="at least two"):
        split(scans)


def test_split_refuses_scans_that_could_be_on_either_side() -> None:
    with pytest.raises(BadInputError, match="device of scan '1' is unknown"):
        split_by_device(scans_of(3, device=np.array(["a", "", "b"])))
    time = np.array(["2024-01-01", "NaT", "2024-01-02"], dtype="datetime64[ms]")
    with pytest.raises(BadInputError, match="'1' has no time"):
        split_by_time(scans_of(3, time=time))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_split_refuses_a_fraction_outside_0_and_1(fraction: float) -> None:
    with pytest.raises(BadInputError, match="fraction"):
        split_by_user(scans_of(2, user=np.array(["a", "b"])), fraction)


@pytest.mark.parametrize("cell_m", [0.0, -1.0, float("inf")])
def test_split_refuses_a_cell_without_a_side(cell_m: float) -> None:
    with pytest.raises(BadInputError, match="cell_m"):
        split_by_position(simulated_survey(n_train=50).train, cell_m=cell_m)
