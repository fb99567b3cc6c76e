"""What a worker does: the same as by hand, the same every time, and nothing else."""

from __future__ import annotations

import math
import os
import tempfile
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.data.splits import split_by_position
from tutelage.data.surveys import load
from tutelage.evaluation import evaluate
from tutelage.experiments.budgets import BUDGETS, PAPER_LENGTH, TableBudget
from tutelage.experiments.cell_work import (
    FitJob,
    FittedCell,
    TaughtCell,
    TeachJob,
    checkpoint_dir,
    code_version,
    draw_scans,
    fit_cell,
    permute_positions,
    teach_cell,
)
from tutelage.experiments.cells import Cell, TeacherCell
from tutelage.experiments.compared_methods import BOUND
from tutelage.experiments.paper_tables import Request, find_table
from tutelage.experiments.planned_cells import plan_cells
from tutelage.localizer import Localizer
from tutelage.methods.knn import best_settings
from tutelage.paper.expert_training import Teacher, teach
from tutelage.training import Budget, RunOptions, device_name

# updates
QUICK_DNN = 80
BRIEF_DNN = 4
TIMED = ("train_seconds", "commit")
real_data = pytest.mark.real_data


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> str:
    """Add a budget of four updates."""
    monkeypatch.setitem(BUDGETS, "brief", TableBudget("four updates", 1 / 1000, 1))
    assert BUDGETS["brief"].updates("dnn") == BRIEF_DNN
    return "brief"


@pytest.fixture(scope="module")
def dsi1(data_dir: Path) -> Survey:
    """Load a small building, which puts it into the cache."""
    return load("dsi1", data_dir=data_dir)


@pytest.fixture(scope="module")
def tampere(data_dir: Path) -> Survey:
    """Load the smallest source."""
    return load("tampere", data_dir=data_dir)


def scans_of(n: int, n_points: int | None = None) -> FingerprintSet:
    """Make scans that each hear one access point, by default each at its own position."""
    rss = -30.0 - np.arange(n)[:, None] % 90
    place = np.arange(n, dtype=np.float64) % (n_points or n)
    ids = np.char.add("s", np.arange(n).astype(str))
    position_m = np.column_stack([place, -place])
    return FingerprintSet(csr_from_dense(rss, np.ones_like(rss, dtype=bool)), ("AP0",), ids, position_m)


def ids(scans: FingerprintSet) -> list[str]:
    return [str(each) for each in scans.scan_id]


def positions(scans: FingerprintSet) -> list[tuple[float, ...]]:
    return list(map(tuple, scans.known_position_m.tolist()))


def content_of(taught: TaughtCell) -> str:
    """Card and weights to the bit; the order of a file's header is left to chance by safetensors."""
    return Teacher.from_bytes(taught.content).content_hash()


def untimed(result: FittedCell) -> dict[str, Any]:
    return {name: value for name, value in result.figures.items() if name not in TIMED}


def own_data_dnn(run: RunOptions, **more: Any) -> Localizer:
    """Return a DNN that learns no floors, as those of the experiments."""
    return Localizer("dnn", settings={"weight_labels": 0.0}, run=run, **more)


def assert_as_by_hand(result: FittedCell, model: Localizer, survey: Survey) -> None:
    """Assert equal errors to the last bit, and equal figures in millimetres."""
    model.calibrate = False  # only the blend learns radii here
    by_hand = evaluate(model.fit(survey), survey)
    np.testing.assert_array_equal(result.errors_m, by_hand.errors_m)
    figures = by_hand.figures()
    expected = {name: round(value, 3) for name, value in figures.items() if isinstance(value, float)}
    device = "cpu" if model.method == "knn" else device_name()
    no_radii = {"coverage": "", "radius_m": ""}
    measured = model.lineage_.gradient_shares
    shares = measured.mean if measured else {}
    share_columns = {
        "share_sim": shares.get("J_Sim", ""),
        "share_mi": shares.get("J_MI", ""),
        "share_fi": shares.get("J_FI", ""),
    }
    expected_row = {"n_test": figures["n"], **expected, **no_radii, **share_columns, "device": device}
    assert untimed(result) == expected_row
    assert bool(measured) == bool(model.teachers)
    assert expected.keys() >= {"mae_m", "median_m", "p75_m", "p95_m"}


# -- drawing scans --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "fraction", "n_drawn"),
    [(19937, 0.01, 199), (19937, 0.1, 1993), (697, 0.1, 69), (1369, 0.1, 136), (40, 0.01, 2), (2, 0.1, 2)],
)
def test_number_of_scans_drawn_is_that_of_the_paper(n: int, fraction: float, n_drawn: int) -> None:
    assert len(draw_scans(scans_of(n), fraction, seed=0)) == n_drawn


seeds = st.integers(0, 2**31)


@settings(max_examples=60)
@given(st.integers(2, 400), st.floats(0.001, 0.99), seeds)
def test_scans_drawn_are_some_of_them_in_their_order(n: int, fraction: float, seed: int) -> None:
    scans = scans_of(n)
    some = draw_scans(scans, fraction, seed)
    rows = [int(name[1:]) for name in ids(some)]
    assert rows == sorted(set(rows))
    assert len(some) == max(2, int(fraction * n))
    assert some.content_hash() == scans[np.array(rows)].content_hash()
    assert ids(draw_scans(scans, fraction, seed)) == ids(some)


def test_all_scans_are_drawn_for_the_whole_of_them() -> None:
    scans = scans_of(50)
    for seed in range(3):
        assert ids(draw_scans(scans, 1.0, seed)) == ids(scans)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=60), st.floats(0.01, 0.99), seeds)
def test_whole_reference_points_are_drawn_with_all_their_scans(
    scans_at: list[int], fraction: float, seed: int
) -> None:
    point = np.repeat(np.arange(len(scans_at)), scans_at)
    scans = replace(scans_of(len(point)), position_m=np.column_stack([point, -point]).astype(float))
    some = draw_scans(scans, fraction, seed, whole_points=True)
    points = np.unique(some.known_position_m[:, 0]).astype(int)
    assert len(points) == max(2, int(fraction * len(scans_at)))
    assert ids(some) == ids(scans[np.isin(point, points)])


def test_cells_of_whole_reference_points_have_a_hash_of_their_own() -> None:
    by_scan = Cell("ujiindoorloc", (), "knn", "none", "full", 0.1, 0)
    assert replace(by_scan, whole_points=True).hash != by_scan.hash
    table = find_table("small_surveys", Request())
    assert all(cell.whole_points for cell in plan_cells(table, Request(), ["ujiindoorloc", "tampere"]))


def test_each_seed_draws_other_scans() -> None:
    scans = scans_of(1000)
    draws = [set(ids(draw_scans(scans, 0.1, seed))) for seed in range(10)]
    for i, one in enumerate(draws):
        assert all(len(one & other) < 30 for other in draws[:i])  # by chance 10 of 100
    assert len(set.union(*draws)) > 500  # by chance 651: no scan is preferred


# -- permuted locations ---------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(2, 300), st.integers(1, 40), seeds)
def test_permuted_scans_keep_their_readings_and_share_out_the_positions(
    n: int, n_points: int, seed: int
) -> None:
    scans = scans_of(n, n_points)
    moved = permute_positions(scans, seed)
    assert ids(moved) == ids(scans)
    assert moved.access_points == scans.access_points
    np.testing.assert_array_equal(moved.rss_dbm.toarray(), scans.rss_dbm.toarray())
    assert Counter(positions(moved)) == Counter(positions(scans))
    assert positions(scans) == positions(scans_of(n, n_points))
    assert positions(permute_positions(scans, seed)) == positions(moved)


def test_permutation_moves_nearly_every_scan_and_each_seed_elsewhere() -> None:
    scans = scans_of(1000)
    moved = [permute_positions(scans, seed).known_position_m for seed in range(5)]
    for i, one in enumerate(moved):
        assert (one == scans.known_position_m).all(axis=1).sum() < 10  # by chance one
        assert all((one == other).all(axis=1).sum() < 10 for other in moved[:i])
        x = np.corrcoef(one[:, 0], scans.known_position_m[:, 0])[0, 1]
        assert abs(x) < 0.15


# -- models ---------------------------------------------------------------------------------------


@real_data
@pytest.mark.parametrize("network", ["knn", pytest.param("dnn", marks=pytest.mark.slow)])
def test_fitted_cell_is_what_one_gets_by_hand(network: str, dsi1: Survey, data_dir: Path) -> None:
    cell = Cell("dsi1", (), network, "none", "quick", 1.0, 2)
    result = fit_cell(FitJob(cell, (), str(data_dir)))
    model = Localizer("knn", run=RunOptions(seed=2))
    if network == "dnn":
        model = own_data_dnn(RunOptions(seed=2, budget=Budget(updates=QUICK_DNN)))
    assert_as_by_hand(result, model, dsi1)
    assert result.figures["mae_m"] == pytest.approx(np.nanmean(result.errors_m), abs=5e-4)
    assert result.figures["train_seconds"] >= 0
    assert result.figures["commit"] == code_version()


@real_data
@pytest.mark.parametrize(
    ("method", "by_hand"),
    [
        ("none_paper", {"recipe": "paper"}),
        ("sequential", {"transfer": "sequential"}),
        pytest.param("collective", {"transfer": "collective"}, marks=pytest.mark.slow),
        ("untrained", {"teachers": ["untrained"]}),
        pytest.param(
            "untrained_paper", {"teachers": ["untrained"], "recipe": "paper"}, marks=pytest.mark.slow
        ),
    ],
)
def test_every_method_is_what_one_gets_by_hand(
    method: str, by_hand: dict[str, Any], brief: str, dsi1: Survey, tampere: Survey, data_dir: Path
) -> None:
    sources: tuple[str, ...] = ()
    if "transfer" in by_hand:
        by_hand = {**by_hand, "sources": [tampere]}
        sources = ("tampere",)
    elif "teachers" in by_hand:
        sources = ("untrained",)
    cell = Cell("dsi1", sources, "dnn", method, brief, 1.0, 1)
    result = fit_cell(FitJob(cell, (), str(data_dir)))
    run = RunOptions(seed=1, budget=Budget(updates=BRIEF_DNN))
    assert_as_by_hand(result, own_data_dnn(run, **by_hand), dsi1)


@real_data
@pytest.mark.parametrize(
    ("method", "settings_", "recipe"),
    [
        pytest.param("default", {}, "default", marks=pytest.mark.slow),
        ("shuffled_paper", {}, "paper"),
        pytest.param("literal_mi", {"mi_sign": "literal"}, "paper", marks=pytest.mark.slow),
        ("mi", {"weight_sim": 0.0, "weight_fi": 0.0}, "default"),
    ],
)
def test_learning_under_teachers_is_what_one_gets_by_hand(
    method: str,
    settings_: dict[str, Any],
    recipe: str,
    brief: str,
    dsi1: Survey,
    tampere: Survey,
    data_dir: Path,
    tmp_path: Path,
) -> None:
    cell = Cell("dsi1", ("tampere",), "dnn", method, brief, 1.0, 1)
    contents = [teach_cell(TeachJob(teacher, str(data_dir))).content for teacher in cell.teachers]
    result = fit_cell(FitJob(cell, tuple(contents), str(data_dir)))
    source = tampere
    if method.startswith("shuffled"):
        source = replace(tampere, name=f"{tampere.name}-permuted", train=permute_positions(tampere.train, 1))
    length = Budget(updates=BRIEF_DNN)
    teacher = teach(source, "dnn", recipe=recipe, run=RunOptions(seed=1, budget=length))
    teacher.save(tmp_path / "by_hand.teacher")
    assert Teacher.from_bytes(contents[0]).content_hash() == teacher.content_hash()
    model = Localizer(
        "dnn",
        teachers=tmp_path / "by_hand.teacher",
        recipe=recipe,
        settings={"weight_labels": 0.0, **settings_},
        run=RunOptions(seed=1, budget=length),
    )
    assert_as_by_hand(result, model, dsi1)


@real_data
@pytest.mark.parametrize("network", ["knn", "dnn"])
def test_share_of_the_training_scans_is_drawn_and_the_test_split_kept_whole(
    network: str, brief: str, dsi1: Survey, data_dir: Path
) -> None:
    def fit(share: float, seed: int) -> FittedCell:
        return fit_cell(FitJob(Cell("dsi1", (), network, "none", brief, share, seed), (), str(data_dir)))

    result = fit(0.1, 3)
    some = replace(dsi1, train=draw_scans(dsi1.train, 0.1, 3))
    assert len(some.train) == 136
    model = Localizer("knn", run=RunOptions(seed=3))
    if network == "dnn":
        model = own_data_dnn(RunOptions(seed=3, budget=Budget(updates=BRIEF_DNN)))
    assert_as_by_hand(result, model, some)
    assert dsi1.test is not None
    assert len(result.errors_m) == len(dsi1.test)
    assert not np.array_equal(result.errors_m, fit(1.0, 3).errors_m)
    assert not np.array_equal(result.errors_m, fit(0.1, 4).errors_m)


@pytest.mark.slow
@real_data
def test_held_out_reference_points_stand_in_the_place_of_the_test_split(
    brief: str, dsi1: Survey, data_dir: Path
) -> None:
    cells = [Cell("dsi1", (), "knn", "none", brief, 1.0, seed, held_out=True) for seed in (0, 5)]
    result = [fit_cell(FitJob(cell, (), str(data_dir))) for cell in cells]
    train_rows, test_rows = split_by_position(dsi1.train, 0.2)
    by_hand = replace(dsi1, train=dsi1.train[train_rows], test=dsi1.train[test_rows])
    assert_as_by_hand(result[0], Localizer("knn"), by_hand)
    assert [len(each.errors_m) for each in result] == [len(test_rows)] * 2  # the same for every seed
    assert cells[0].hash != replace(cells[0], held_out=False).hash


@pytest.mark.slow
@real_data
def test_bound_of_knn_is_the_smallest_error_of_all_settings_on_the_test_split(
    brief: str, dsi1: Survey, data_dir: Path
) -> None:
    chosen, bound = (
        fit_cell(FitJob(Cell("dsi1", (), "knn", method, brief, 1.0, 0), (), str(data_dir)))
        for method in ("none", BOUND)
    )
    assert dsi1.test is not None
    best, error_m = best_settings([(dsi1.train, dsi1.test)], {})
    assert bound.figures["mae_m"] == pytest.approx(error_m, abs=1e-3)
    assert bound.figures["mae_m"] <= chosen.figures["mae_m"]
    for changed in ({"k": best.k + 1}, {"representation": "positive"}, {"metric": "euclidean"}):
        model = Localizer("knn", settings=best.model_dump() | changed).fit(dsi1)
        mae_m = evaluate(model, dsi1).figures()["mae_m"]
        assert mae_m is not None
        assert mae_m >= error_m - 1e-9


# -- teachers -------------------------------------------------------------------------------------


@real_data
def test_teacher_is_the_same_each_time_and_says_where_it_comes_from(
    brief: str, tampere: Survey, data_dir: Path
) -> None:
    true = TeacherCell("tampere", "dnn", "default", False, brief, 1)
    contents: dict[str, str] = {}
    for cell, source in ((true, tampere.name), (replace(true, permuted=True), f"{tampere.name}-permuted")):
        taught = teach_cell(TeachJob(cell, str(data_dir)))
        teacher = content_of(taught)
        card = Teacher.from_bytes(taught.content).card
        assert teacher == content_of(teach_cell(TeachJob(cell, str(data_dir))))
        assert (card.source, card.network, card.recipe_name, card.seed) == (source, "dnn", "default", 1)
        assert card.n_train == len(tampere.train)
        assert card.quality is not None
        cost = {name: taught.figures[name] for name in TIMED}
        assert taught.figures == card.quality.model_dump() | cost
        contents[source] = teacher
    another = content_of(teach_cell(TeachJob(replace(true, seed=2), str(data_dir))))
    assert len({*contents.values(), another}) == 3


@real_data
@pytest.mark.usefixtures("dsi1", "tampere")  # both are in the cache then
def test_workers_write_nothing(
    brief: str,
    cache_dir: Path,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, temporary, home = (tmp_path / name for name in ("here", "temporary", "home"))
    for folder in (here, temporary, home):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", None)
    cached = {path: path.stat().st_mtime_ns for path in cache_dir.rglob("*")}
    cell = Cell("dsi1", ("tampere",), "dnn", "default", brief, 0.1, 0)
    contents = tuple(teach_cell(TeachJob(teacher, str(data_dir))).content for teacher in cell.teachers)
    fit_cell(FitJob(cell, contents, str(data_dir)))
    fit_cell(FitJob(replace(cell, method="collective"), (), str(data_dir)))
    fit_cell(FitJob(replace(cell, network="knn", method="none", sources=()), (), str(data_dir)))
    assert sorted(tmp_path.rglob("*")) == [here, home, temporary]
    assert {path: path.stat().st_mtime_ns for path in cache_dir.rglob("*")} == cached


def test_version_stands_where_there_is_no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert code_version() == version("tutelage")


@pytest.mark.real_data
def test_training_that_diverges_is_a_result_without_positions(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell("dsi1", (), "dnn", "none", "quick", 1.0, 0)
    monkeypatch.setattr("tutelage.experiments.cells._NO_LABELS", {"learning_rate": 1e30})
    result = fit_cell(FitJob(cell, (), str(data_dir)))
    assert len(result.errors_m) == result.figures["n_test"] == 348
    assert np.isnan(result.errors_m).all()
    assert math.isinf(result.figures["mae_m"])


@real_data
def test_control_of_transfer_learns_the_scans_that_were_drawn_of_the_target_in_each_stage(
    brief: str, dsi1: Survey, data_dir: Path
) -> None:
    cell = Cell("dsi1", ("dsi1", "dsi1"), "dnn", "sequential_own", brief, 0.1, 1)
    result = fit_cell(FitJob(cell, (), str(data_dir)))
    few = replace(dsi1, train=draw_scans(dsi1.train, 0.1, 1))
    run = RunOptions(seed=1, budget=Budget(updates=BRIEF_DNN))
    model = own_data_dnn(run, transfer="sequential", sources=[few, few])
    assert_as_by_hand(result, model, few)


@real_data
@pytest.mark.slow
def test_blend_of_a_whole_survey_says_how_many_scans_its_radii_hold(brief: str, data_dir: Path) -> None:
    cell = Cell("dsi1", (), "blend", "none", brief, 1.0, 0)
    result = fit_cell(FitJob(cell, (), str(data_dir)))
    assert 0.5 < result.figures["coverage"] <= 1
    assert result.figures["radius_m"] > 1
    assert np.isfinite(result.errors_m).all()  # of the scans that the calibration refuses as well
    small = fit_cell(FitJob(replace(cell, train_fraction=0.1), (), str(data_dir)))
    assert (small.figures["coverage"], small.figures["radius_m"]) == ("", "")


@real_data
def test_a_cell_goes_on_from_its_checkpoints_to_the_same_result(
    brief: str, data_dir: Path, tmp_path: Path
) -> None:
    cell = Cell("dsi1", (), "dnn", "none", brief, 1.0, 0)
    checkpoints = tmp_path / cell.hash
    whole = fit_cell(FitJob(cell, (), str(data_dir), checkpoints))
    assert list(checkpoints.rglob("*.checkpoint"))
    again = fit_cell(FitJob(cell, (), str(data_dir), checkpoints))
    np.testing.assert_array_equal(again.errors_m, whole.errors_m)
    np.testing.assert_array_equal(fit_cell(FitJob(cell, (), str(data_dir))).errors_m, whole.errors_m)


def test_only_cells_at_the_papers_length_have_checkpoints(tmp_path: Path) -> None:
    cell = Cell("dsi1", (), "dnn", "none", PAPER_LENGTH, 1.0, 0)
    assert checkpoint_dir(tmp_path, cell) == tmp_path / cell.hash
    assert checkpoint_dir(tmp_path, replace(cell, budget="full")) is None
