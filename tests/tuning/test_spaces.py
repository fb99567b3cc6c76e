"""The named spaces: what they search, where, and when they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.networks import build_network, network_names, network_spec
from tutelage.networks.bayescnn import BAYESCNN_START, bayescnn_space
from tutelage.paper.expert_distilling import distilling_recipe
from tutelage.tuning import SPACES, Plan, default_spaces, search_plan

LEARNING = {
    "learning_rate",
    "weight_decay",
    "access_point_dropout",
    "gain",
    "noise",
    "row_normalise",
    "representation",
}
CONSTRAINTS = {"weight_sim", "weight_mi", "weight_fi", "margin_rad"}


def plan(*spaces: str, network: str = "dnn", recipe: str = "default", **options: Any) -> Plan:
    spec = network_spec(network)
    defaults = distilling_recipe(recipe, {}, spec).model_dump()
    arguments: dict[str, Any] = {"fixed": (), "with_teachers": True, **options}
    return search_plan(spaces, spec, defaults, **arguments)


def test_there_are_four_spaces() -> None:
    assert SPACES == ("architecture", "learning", "constraints", "paper")


def test_paper_space_is_the_grid_of_appendix_a() -> None:
    grid = {
        name: np.arange(among.low, among.high + among.step / 2, among.step)  # type: ignore[attr-defined]
        for name, among in plan("paper", recipe="paper").ranges.items()
    }
    assert grid.keys() == {"weight_mae", *CONSTRAINTS}
    np.testing.assert_allclose(grid["weight_mae"], [1 + 0.2 * i for i in range(21)])
    for name in ("weight_sim", "weight_mi", "weight_fi"):
        np.testing.assert_allclose(grid[name], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    np.testing.assert_allclose(grid["margin_rad"], [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert grid["margin_rad"][-1] <= 0.52 < grid["margin_rad"][-1] + 0.1


def test_values_of_the_grid_are_asked_for_without_rounding_errors() -> None:
    study, space = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)), plan("paper")
    values = {value for _ in range(20) for value in space.ask(study)[1].values()}
    assert {0.3, 0.7} & values
    assert all(len(str(value)) <= 3 for value in values)


def test_published_weights_lie_on_the_grid() -> None:
    assert plan("paper", recipe="paper").start == {
        "weight_mae": 3.0,
        "weight_sim": 0.5,
        "weight_mi": 0.5,
        "weight_fi": 0.5,
        "margin_rad": 0.2,
    }


@pytest.mark.parametrize("network", network_names())
def test_defaults_of_each_network_lie_in_the_spaces_of_learning_and_constraints(network: str) -> None:
    both = plan("learning", "constraints", network=network)
    expected = LEARNING | CONSTRAINTS
    if network_spec(network).no_functional_information:
        expected -= {"weight_fi"}
    assert both.ranges.keys() == both.start.keys() == expected


def test_weight_fi_is_left_out_where_the_network_refuses_it() -> None:
    assert plan("paper", network="baat").ranges.keys() == {"weight_mae", *CONSTRAINTS} - {"weight_fi"}


def test_default_outside_the_space_is_left_to_the_search() -> None:
    learning = plan("learning", recipe="paper")  # without weight decay: no logarithm
    assert learning.ranges.keys() == LEARNING
    assert learning.start.keys() == LEARNING - {"weight_decay"}


def test_fixed_setting_is_not_searched() -> None:
    assert plan("learning", fixed={"noise", "width"}).ranges.keys() == LEARNING - {"noise"}


def test_start_of_bayescnn_is_its_default_network() -> None:
    trial: Any = optuna.trial.FixedTrial(BAYESCNN_START)
    found = bayescnn_space(trial)
    assert trial.params == BAYESCNN_START
    start, default = (build_network("bayescnn", 40, settings) for settings in (found, {}))
    shapes = [{name: w.shape for name, w in one.state_dict().items()} for one in (start, default)]
    assert shapes[0] == shapes[1]


def test_default_space_is_the_architecture_where_there_is_one() -> None:
    assert default_spaces(network_spec("bayescnn")) == ("architecture",)
    assert default_spaces(network_spec("dnn")) == ("learning",)


@pytest.mark.parametrize(
    ("spaces", "options", "error", "message"),
    [
        (["architecture"], {}, BadInputError, "'dnn' has no architecture to search; give --search learning"),
        (["learnin"], {}, UnknownNameError, "unknown search space 'learnin'. Did you mean learning"),
        (["constraints"], {"with_teachers": False}, BadInputError, "give at least one --teacher"),
        (["paper"], {"with_teachers": False}, BadInputError, "give at least one --teacher"),
        (["constraints", "paper"], {}, BadInputError, "constraints and paper both search margin_rad"),
        (["learning"], {"fixed": LEARNING}, BadInputError, "every setting of the search is fixed"),
        (
            ["architecture"],
            {"network": "bayescnn", "fixed": {"widths"}},
            BadInputError,
            "widths is searched and fixed",
        ),
    ],
)
def test_space_that_has_no_meaning_is_refused(
    spaces: list[str], options: dict[str, Any], error: type[TutelageError], message: str
) -> None:
    with pytest.raises(error, match=message):
        plan(*spaces, **options)
