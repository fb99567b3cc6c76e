"""Groups, their controls, differences that hold, and the sentences made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BOUND, METHODS
from tutelage.experiments.groups import Group
from tutelage.experiments.paper_tables import TABLES, Request
from tutelage.experiments.result_files import Row
from tutelage.experiments.summary import Summary, summarise

SOURCES = ("ujiindoorloc", "dsi1")
N_SCANS = 400


def cell(method: str, seed: int, *, network: str = "dnn", target: str = "tampere") -> Cell:
    if network == "knn" or METHODS[method].kind == "alone":
        sources: tuple[str, ...] = ()
    else:
        sources = (UNTRAINED,) * 2 if "untrained" in method else SOURCES
        sources = (target,) * 2 if method == "sequential_own" else sources
    return Cell(target, sources, network, method, "standard", 1.0, seed)


class Made:
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
            made = cell(method, seed, network=network, target=target)
            self.errors[made.hash] = self.scans_m + offset + noise
            mae = f"{self.errors[made.hash].mean():.3f}"
            figures = dict.fromkeys(("mae_m", "median_m", "p75_m", "p95_m"), mae)
            known = {"cell": made.hash, "train_seconds": "1", "coverage": "", "radius_m": "", "device": ""}
            self.cells.append((made, known | figures))

    def summary(self, *targets: str) -> Summary:
        here = {"tampere", *targets, *SOURCES}
        request = Request(targets=targets or ("tampere",))
        return summarise("table1", request, self.cells, [], self.errors.get, here)


def group(summary: Summary, method: str, network: str = "dnn") -> Group:
    (found,) = [g for g in summary.groups if (g.cell.method, g.cell.network) == (method, network)]
    return found


@pytest.fixture
def made() -> Made:
    made = Made()
    made.add("none", 0.0, network="knn")
    made.add("none", 0.5)
    made.add("untrained", 0.5)
    made.add("default", -1.0)
    made.add("none_paper", 3.0)
    made.add("untrained_paper", 3.0)
    made.add("paper", 3.0)
    return made


def test_every_method_meets_the_controls_of_its_own_recipe(made: Made) -> None:
    summary = made.summary()
    default, paper = group(summary, "default").against, group(summary, "paper").against
    assert set(default) == set(paper) == {"own", "control", "knn"}
    assert default["own"].difference.mean == pytest.approx(-1.5, abs=0.05)
    assert default["control"].difference.mean == pytest.approx(-1.5, abs=0.05)
    assert default["knn"].difference.mean == pytest.approx(-1.0, abs=0.05)
    assert paper["own"].difference.mean == pytest.approx(0.0, abs=0.05)
    assert set(group(summary, "untrained").against) == {"own", "knn"}
    assert set(group(summary, "none").against) == {"knn"}
    assert group(summary, "none", "knn").against == {}


def test_mark_stands_where_interval_seeds_and_correction_agree(made: Made) -> None:
    summary = made.summary()
    assert group(summary, "default").against["own"].holds
    assert not group(summary, "paper").against["own"].holds


def test_mark_needs_three_seeds_and_all_on_one_side() -> None:
    two, split = Made(), Made()
    for made in (two, split):
        made.add("none", 0.0, n_seeds=2 if made is two else 5)
    two.add("sequential", -1.0, n_seeds=2)
    split.add("sequential", [-4.0, -4.0, -4.0, -4.0, 0.5])
    of_two, of_split = (group(made.summary(), "sequential").against["own"] for made in (two, split))
    assert of_two.difference.high < 0
    assert not of_two.holds
    assert of_split.difference.high < 0
    assert not of_split.holds


def test_adjusted_p_grows_with_the_number_of_comparisons(made: Made) -> None:
    few = Made()
    few.add("none", 0.0)
    few.add("sequential", 0.02)
    alone = group(few.summary(), "sequential").against["own"]
    made.add("sequential", 0.52)
    among = group(made.summary(), "sequential").against["own"]
    assert alone.p_holm == alone.difference.p
    assert among.difference.p < 1
    assert among.p_holm > among.difference.p


def test_a_clear_difference_is_marked_among_hundreds_of_comparisons() -> None:
    """Holm's correction multiplies the smallest p-value by their number: resamples must reach that far."""
    made, targets = Made(), ("tampere", "tut6", "dsi1")
    for target in targets:
        made.add("none", 20.0, 3, "knn", target)
        for network in ("dnn", "cnnloc", "bayescnn"):
            for i, method in enumerate(TABLES["table1"].methods):
                made.add(method, float(i), 3, network, target)
    against = [each for g in made.summary(*targets).groups for each in g.against.values()]
    assert len(against) > 250
    assert all(each.holds for each in against)


def test_only_seeds_and_scans_of_both_are_compared() -> None:
    made = Made()
    made.add("none", 0.0, n_seeds=5)
    made.add("sequential", 1.0, n_seeds=3)
    silent = made.cells[0][0].hash
    made.errors[silent][:7] = np.nan
    difference = group(made.summary(), "sequential").against["own"].difference
    assert (difference.n_seeds, difference.n_scans) == (3, N_SCANS - 7)


def test_group_without_kept_errors_is_shown_without_differences() -> None:
    made = Made()
    made.add("none", 0.0)
    made.add("sequential", 1.0)
    made.errors.clear()
    shown = group(made.summary(), "sequential")
    assert shown.against == {}
    assert shown.mae_m == pytest.approx(7.0, abs=0.5)


def test_groups_show_every_seed_with_mean_and_spread() -> None:
    made = Made()
    made.add("none", [0.0, 1.0, 2.0])
    shown = group(made.summary(), "none")
    values = shown.values("mae_m")
    assert shown.mae_m == pytest.approx(float(np.mean(values)))
    assert shown.sd_m == pytest.approx(float(np.std(values, ddof=1)))
    assert [round(b - a, 1) for a, b in pairwise(values)] == [1.0, 1.0]


def test_sentences_follow_from_the_figures(made: Made) -> None:
    said = "\n".join(made.summary().sentences)
    assert "Trained teachers in the `default` recipe, against untrained teachers: +1.50 m" in said
    assert "of 1 comparisons 1 significantly better, 0 significantly worse" in said
    assert "Trained teachers in the `paper` recipe, against untrained teachers: " in said
    assert "A network on its own data alone, against k-NN: -0.5" in said
    assert "transfer" not in said


def test_trained_teachers_meet_those_of_permuted_locations_from_the_same_sources(made: Made) -> None:
    made.add("shuffled", -0.5)
    against = group(made.summary(), "default").against
    assert set(against) == {"own", "control", "shuffled", "knn"}
    assert against["shuffled"].difference.mean == pytest.approx(-0.5, abs=0.05)
    assert set(group(made.summary(), "shuffled").against) == {"own", "control", "knn"}
    assert "shuffled" not in group(made.summary(), "paper").against  # of the other recipe
    said = "\n".join(made.summary().sentences)
    assert "in the `default` recipe, against teachers of permuted locations: +0.5" in said


def test_choice_of_sources_is_told_beside_the_spread_of_seeds() -> None:
    made = Made()
    made.add("default", [0.0, 1.0, 2.0])
    assert "Which sources" not in "\n".join(made.summary().sentences)
    for old, row in list(made.cells):
        single = replace(old, sources=("dsi1",))
        made.cells.append(
            (single, {**row, "cell": single.hash, "mae_m": f"{float(row['mae_m']) + 0.25:.3f}"})
        )
    (said,) = [each for each in made.summary().sentences if "Which sources" in each]
    assert said.startswith(
        "Which sources take part under `default` moves the mean error by 0.25 m on average"
    )
    assert "spread by 1.0" in said


def test_transfer_meets_the_same_from_the_target_itself() -> None:
    made = Made()
    made.add("none", 2.0)
    made.add("sequential", 0.0)
    made.add("collective", 0.5)
    made.add("sequential_own", 0.5)
    summary = made.summary()
    assert group(summary, "sequential").against["control"].difference.mean == pytest.approx(-0.5, abs=0.05)
    assert group(summary, "collective").against["control"].difference.mean == pytest.approx(0.0, abs=0.05)
    assert set(group(summary, "sequential_own").against) == {"own"}
    said = "\n".join(summary.sentences)
    assert "Sequential transfer, against the same from the target itself: +0.5" in said
    assert "Sequential transfer, against own data alone: +2.0" in said


def test_option_of_the_framework_meets_its_own_controls_and_a_part_left_out_the_whole() -> None:
    made = Made()
    made.add("none", 1.0)
    made.add("untrained", 1.0)
    made.add("default", 0.5)
    made.add("infonce_untrained", 3.0)
    made.add("infonce", 0.5)
    made.add("without_gain", 2.0)
    summary = made.summary()
    infonce, default = (group(summary, name).against for name in ("infonce", "default"))
    assert infonce["control"].difference.mean == pytest.approx(-2.5, abs=0.05)
    assert infonce["own"].difference.mean == pytest.approx(-0.5, abs=0.05)
    assert default["control"].difference.mean == pytest.approx(-0.5, abs=0.05)
    part = group(summary, "without_gain").against
    assert set(part) == {"own"}
    assert part["own"].difference.mean == pytest.approx(1.0, abs=0.05)
    said = "\n".join(summary.sentences)
    assert "Trained teachers, A5: InfoNCE, against untrained teachers: +2.5" in said
    assert "Own data alone, no gain of a device, against the default recipe: -1.0" in said


def test_bound_of_knn_is_shown_and_nothing_is_compared_with_it() -> None:
    made = Made()
    made.add("none", 2.0, network="knn")
    made.add(BOUND, 0.0, 1, network="knn")
    made.add("none", 1.0)
    summary = made.summary()
    assert group(summary, BOUND, "knn").against == {}
    assert group(summary, "none").against["knn"].difference.mean == pytest.approx(-1.0, abs=0.05)


def test_constraint_alone_meets_untrained_teachers_of_all_where_there_are_no_others() -> None:
    made = Made()
    made.add("none", 1.0)
    made.add("untrained", 2.0)
    made.add("sim", 0.5)
    against = group(made.summary(), "sim").against
    assert against["control"].difference.mean == pytest.approx(-1.5, abs=0.05)


def test_nothing_finished_says_nothing() -> None:
    assert Made().summary().sentences == ()


def test_targets_that_are_not_here_are_named() -> None:
    summary = summarise("table1", Request(), [], [], {}.get, {"tampere"})
    assert set(summary.missing) == {"ujiindoorloc", "utsindoorloc", "tut6", "dsi1"}


def test_seconds_are_told_of_each_device_by_itself() -> None:
    made = Made()
    made.add("none", 0.0, n_seeds=4)
    for seed, (device, seconds) in enumerate((("", "10"), ("cpu", "20"), ("A card", "3"), ("A card", "6"))):
        made.cells[seed][1].update(device=device, train_seconds=seconds)
    assert group(made.summary(), "none").seconds_told == "15, 4 (A card)"
