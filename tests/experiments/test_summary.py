"""Groups, their controls, differences that hold, and the sentences made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BOUND, METHODS
from tutelage.experiments.groups import SeedGroup
from tutelage.experiments.paper_tables import TABLES, Request
from tutelage.experiments.result_files import Row
from tutelage.experiments.summary import Summary, summarise
from tutelage.experiments.unfinished import unfinished_parts

SOURCES = ("ujiindoorloc", "dsi1")
N_SCANS = 400


def cell(method: str, seed: int, *, network: str = "dnn", target: str = "tampere") -> Cell:
    if network == "knn" or METHODS[method].kind == "alone":
        sources: tuple[str, ...] = ()
    else:
        sources = (UNTRAINED,) * 2 if "untrained" in method else SOURCES
        sources = (target,) * 2 if method == "sequential_own" else sources
    return Cell(target, sources, network, method, "standard", 1.0, seed)


class SimulatedResults:
    """Finished cells with made-up errors on the same scans."""

    def __init__(self) -> None:
        self.cells: list[tuple[Cell, Row]] = []
        self.errors: dict[str, np.ndarray] = {}
        self.scans_m = np.random.default_rng(0).gamma(2.0, 3.0, N_SCANS)

    def add(
        self,
        method: str,
        offset_m: float | Iterable[float],
        n_seeds: int = 5,
        network: str = "dnn",
        target: str = "tampere",
    ) -> None:
        offsets = [offset_m] * n_seeds if isinstance(offset_m, float) else list(offset_m)
        for seed, offset in enumerate(offsets):
            noise = np.random.default_rng(len(self.cells)).normal(0, 0.3, N_SCANS)
            fitted_cell = cell(method, seed, network=network, target=target)
            self.errors[fitted_cell.hash] = self.scans_m + offset + noise
            mae = f"{self.errors[fitted_cell.hash].mean():.3f}"
            figures = dict.fromkeys(("mae_m", "median_m", "p75_m", "p95_m"), mae)
            others = {
                "cell": fitted_cell.hash,
                "train_seconds": "1",
                "coverage": "",
                "radius_m": "",
                "device": "",
                "share_sim": "",
                "share_mi": "",
                "share_fi": "",
            }
            self.cells.append((fitted_cell, others | figures))

    def summary(self, *targets: str) -> Summary:
        here = {"tampere", *targets, *SOURCES}
        request = Request(targets=targets or ("tampere",))
        return summarise("table1", request, self.cells, [], self.errors.get, here)


def group(summary: Summary, method: str, network: str = "dnn") -> SeedGroup:
    (seed_group,) = [g for g in summary.groups if (g.cell.method, g.cell.network) == (method, network)]
    return seed_group


@pytest.fixture
def results() -> SimulatedResults:
    results = SimulatedResults()
    results.add("none", 0.0, network="knn")
    results.add("none", 0.5)
    results.add("untrained", 0.5)
    results.add("default", -1.0)
    results.add("none_paper", 3.0)
    results.add("untrained_paper", 3.0)
    results.add("paper", 3.0)
    return results


def test_every_method_meets_the_controls_of_its_own_recipe(results: SimulatedResults) -> None:
    summary = results.summary()
    default = group(summary, "default").comparisons
    paper = group(summary, "paper").comparisons
    assert set(default) == set(paper) == {"own", "control", "knn"}
    assert default["own"].difference.mean == pytest.approx(-1.5, abs=0.05)
    assert default["control"].difference.mean == pytest.approx(-1.5, abs=0.05)
    assert default["knn"].difference.mean == pytest.approx(-1.0, abs=0.05)
    assert paper["own"].difference.mean == pytest.approx(0.0, abs=0.05)
    assert set(group(summary, "untrained").comparisons) == {"own", "knn"}
    assert set(group(summary, "none").comparisons) == {"knn"}
    assert group(summary, "none", "knn").comparisons == {}


def test_mark_stands_where_interval_seeds_and_correction_agree(results: SimulatedResults) -> None:
    summary = results.summary()
    assert group(summary, "default").comparisons["own"].holds
    assert not group(summary, "paper").comparisons["own"].holds


def test_mark_needs_three_seeds_and_all_on_one_side() -> None:
    two = SimulatedResults()
    split = SimulatedResults()
    for results in (two, split):
        results.add("none", 0.0, n_seeds=2 if results is two else 5)
    two.add("sequential", -1.0, n_seeds=2)
    split.add("sequential", [-4.0, -4.0, -4.0, -4.0, 0.5])
    two_seeds, split_seeds = (
        group(results.summary(), "sequential").comparisons["own"] for results in (two, split)
    )
    assert two_seeds.difference.high < 0
    assert not two_seeds.holds
    assert split_seeds.difference.high < 0
    assert not split_seeds.holds


def test_adjusted_p_grows_with_the_number_of_comparisons(results: SimulatedResults) -> None:
    few = SimulatedResults()
    few.add("none", 0.0)
    few.add("sequential", 0.02)
    alone = group(few.summary(), "sequential").comparisons["own"]
    results.add("sequential", 0.52)
    adjusted = group(results.summary(), "sequential").comparisons["own"]
    assert alone.p_holm == alone.difference.p
    assert adjusted.difference.p < 1
    assert adjusted.p_holm > adjusted.difference.p


def test_a_clear_difference_is_marked_among_hundreds_of_comparisons() -> None:
    """Holm's correction multiplies the smallest p-value by their number: resamples must reach that far."""
    results = SimulatedResults()
    targets = ("tampere", "tut6", "dsi1")
    for target in targets:
        results.add("none", 20.0, 3, "knn", target)
        for network in ("dnn", "cnnloc", "bayescnn"):
            for i, method in enumerate(TABLES["table1"].methods):
                results.add(method, float(i), 3, network, target)
    comparisons = [each for g in results.summary(*targets).groups for each in g.comparisons.values()]
    assert len(comparisons) > 250
    assert all(each.holds for each in comparisons)


def test_only_seeds_and_scans_of_both_are_compared() -> None:
    results = SimulatedResults()
    results.add("none", 0.0, n_seeds=5)
    results.add("sequential", 1.0, n_seeds=3)
    silent = results.cells[0][0].hash
    results.errors[silent][:7] = np.nan
    difference = group(results.summary(), "sequential").comparisons["own"].difference
    assert (difference.n_seeds, difference.n_scans) == (3, N_SCANS - 7)


def test_group_without_kept_errors_is_shown_without_differences() -> None:
    results = SimulatedResults()
    results.add("none", 0.0)
    results.add("sequential", 1.0)
    results.errors.clear()
    own_group = group(results.summary(), "sequential")
    assert own_group.comparisons == {}
    assert own_group.mae_m == pytest.approx(7.0, abs=0.5)


def test_groups_show_every_seed_with_mean_and_spread() -> None:
    results = SimulatedResults()
    results.add("none", [0.0, 1.0, 2.0])
    own_group = group(results.summary(), "none")
    values = own_group.values("mae_m")
    assert own_group.mae_m == pytest.approx(float(np.mean(values)))
    assert own_group.sd_m == pytest.approx(float(np.std(values, ddof=1)))
    assert [round(b - a, 1) for a, b in pairwise(values)] == [1.0, 1.0]


def test_sentences_follow_from_the_figures(results: SimulatedResults) -> None:
    text = "\n".join(results.summary().sentences)
    assert "Trained teachers in the `default` recipe, against untrained teachers: +1.50 m" in text
    assert "of 1 comparisons 1 significantly better, 0 significantly worse" in text
    assert "Trained teachers in the `paper` recipe, against untrained teachers: " in text
    assert "A network on its own data alone, against k-NN: -0.5" in text
    assert "transfer" not in text


def test_trained_teachers_meet_those_of_permuted_locations_from_the_same_sources(
    results: SimulatedResults,
) -> None:
    results.add("shuffled", -0.5)
    comparisons = group(results.summary(), "default").comparisons
    assert set(comparisons) == {"own", "control", "shuffled", "knn"}
    assert comparisons["shuffled"].difference.mean == pytest.approx(-0.5, abs=0.05)
    assert set(group(results.summary(), "shuffled").comparisons) == {"own", "control", "knn"}
    assert "shuffled" not in group(results.summary(), "paper").comparisons  # of the other recipe
    text = "\n".join(results.summary().sentences)
    assert "in the `default` recipe, against teachers of permuted locations: +0.5" in text


def test_choice_of_sources_is_told_beside_the_spread_of_seeds() -> None:
    results = SimulatedResults()
    results.add("default", [0.0, 1.0, 2.0])
    assert "Which sources" not in "\n".join(results.summary().sentences)
    for old, row in list(results.cells):
        single = replace(old, sources=("dsi1",))
        results.cells.append(
            (single, {**row, "cell": single.hash, "mae_m": f"{float(row['mae_m']) + 0.25:.3f}"})
        )
    (text,) = [each for each in results.summary().sentences if "Which sources" in each]
    assert text.startswith(
        "Which sources take part under `default` moves the mean error by 0.25 m on average"
    )
    assert "spread by 1.0" in text


def test_transfer_meets_the_same_from_the_target_itself() -> None:
    results = SimulatedResults()
    results.add("none", 2.0)
    results.add("sequential", 0.0)
    results.add("collective", 0.5)
    results.add("sequential_own", 0.5)
    summary = results.summary()
    assert group(summary, "sequential").comparisons["control"].difference.mean == pytest.approx(
        -0.5, abs=0.05
    )
    assert group(summary, "collective").comparisons["control"].difference.mean == pytest.approx(0.0, abs=0.05)
    assert set(group(summary, "sequential_own").comparisons) == {"own"}
    text = "\n".join(summary.sentences)
    assert "Sequential transfer, against the same from the target itself: +0.5" in text
    assert "Sequential transfer, against own data alone: +2.0" in text


def test_option_of_the_framework_meets_its_own_controls_and_a_part_left_out_the_whole() -> None:
    results = SimulatedResults()
    results.add("none", 1.0)
    results.add("untrained", 1.0)
    results.add("default", 0.5)
    results.add("infonce_untrained", 3.0)
    results.add("infonce", 0.5)
    results.add("without_gain", 2.0)
    summary = results.summary()
    infonce, default = (group(summary, name).comparisons for name in ("infonce", "default"))
    assert infonce["control"].difference.mean == pytest.approx(-2.5, abs=0.05)
    assert infonce["own"].difference.mean == pytest.approx(-0.5, abs=0.05)
    assert default["control"].difference.mean == pytest.approx(-0.5, abs=0.05)
    part = group(summary, "without_gain").comparisons
    assert set(part) == {"own"}
    assert part["own"].difference.mean == pytest.approx(1.0, abs=0.05)
    text = "\n".join(summary.sentences)
    assert "Trained teachers, A5: InfoNCE, against untrained teachers: +2.5" in text
    assert "Own data alone, no gain of a device, against the default recipe: -1.0" in text


def test_bound_of_knn_is_shown_and_nothing_is_compared_with_it() -> None:
    results = SimulatedResults()
    results.add("none", 2.0, network="knn")
    results.add(BOUND, 0.0, 1, network="knn")
    results.add("none", 1.0)
    summary = results.summary()
    assert group(summary, BOUND, "knn").comparisons == {}
    assert group(summary, "none").comparisons["knn"].difference.mean == pytest.approx(-1.0, abs=0.05)


def test_constraint_alone_meets_untrained_teachers_of_all_where_there_are_no_others() -> None:
    results = SimulatedResults()
    results.add("none", 1.0)
    results.add("untrained", 2.0)
    results.add("sim", 0.5)
    comparisons = group(results.summary(), "sim").comparisons
    assert comparisons["control"].difference.mean == pytest.approx(-1.5, abs=0.05)


def test_nothing_finished_says_nothing() -> None:
    assert SimulatedResults().summary().sentences == ()


def test_targets_that_are_not_here_are_named() -> None:
    no_errors: dict[str, np.ndarray] = {}
    summary = summarise("table1", Request(), [], [], no_errors.get, {"tampere"})
    assert set(summary.missing) == {"ujiindoorloc", "utsindoorloc", "tut6", "dsi1"}


def test_seconds_are_told_of_each_device_by_itself() -> None:
    results = SimulatedResults()
    results.add("none", 0.0, n_seeds=4)
    for seed, (device, seconds) in enumerate((("", "10"), ("cpu", "20"), ("A card", "3"), ("A card", "6"))):
        results.cells[seed][1].update(device=device, train_seconds=seconds)
    assert group(results.summary(), "none").seconds_text == "15, 4 (A card)"


def test_what_did_not_converge_is_marked_and_counted_apart(results: SimulatedResults) -> None:
    results.add("none_paper", 40.0, network="cnnloc")
    results.add("untrained_paper", 42.0, network="cnnloc")
    results.add("paper", 20.0, network="cnnloc")
    summary = results.summary()
    converged = {g.cell.network: g.converged for g in summary.groups}
    assert converged == {"knn": True, "dnn": True, "cnnloc": False}
    question = "Trained teachers in the `paper` recipe, against untrained teachers"
    (sentence,) = [sentence for sentence in summary.sentences if sentence.startswith(question)]
    gain = -group(summary, "paper").comparisons["control"].difference.mean
    assert f"{gain:+.2f} m of gain" in sentence
    assert sentence.endswith("1 more did not converge; with them the average is +11.00 m.")
    assert "of 1 comparisons" in sentence


def test_share_within_ten_metres_is_that_of_all_seeds(results: SimulatedResults) -> None:
    summary = results.summary()
    assert summary.share_within(group(summary, "default")) is None
    figure2 = replace(summary, table=TABLES["figure2"])
    errors_m = np.concatenate([results.errors[c.hash] for c, _ in results.cells if c.method == "default"])
    assert figure2.share_within(group(summary, "default")) == (errors_m < 10).mean()


def test_what_is_left_at_the_papers_length_has_its_cost(results: SimulatedResults) -> None:
    cells = [replace(each, budget="paper") for each, _ in results.cells]
    finished = {each for each in cells if each.seed == 0}
    taught = [each for each in cells if each.seed == 1 and each.method == "default"]
    missing = [teacher for each in taught for teacher in each.teachers]
    # 500 updates took 5 s.
    short = {**cell("none", 0).key("table1"), "train_seconds": "5", "device": ""}
    parts = unfinished_parts(cells, finished, missing, [short, short | {"device": "a GPU"}], [])
    by_kind = {(part.building, part.what): part for part in parts}
    alone = by_kind["tampere", "own data alone"]
    assert (alone.n_cells, alone.updates) == (8, 10_000)  # four seeds of two recipes
    assert alone.hours == pytest.approx(8 * 100 / 3600)
    teacher = by_kind["ujiindoorloc", "teachers"]
    assert (teacher.n_cells, teacher.updates, teacher.hours) == (1, 500 * (19_937 // 128), None)
