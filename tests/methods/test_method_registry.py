"""Which methods there are, what each takes, and one that a user adds."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from own_method import MIDDLE

from tutelage.data.fingerprints import Survey
from tutelage.errors import BadInputError, FileFormatError, TutelageError, UnknownNameError
from tutelage.evaluation import evaluate
from tutelage.export import export_model
from tutelage.localizer import Localizer
from tutelage.methods.base import Option
from tutelage.methods.method_contract import check_method
from tutelage.methods.method_registry import METHODS, method_names, method_spec, register_method
from tutelage.networks import network_names, network_spec, register_network
from tutelage.training import Budget, RunOptions
from tutelage.updating import update

SHIPPED_NETWORKS = ("baat", "bayescnn", "cnnloc", "dnn")
SHIPPED = ("blend", "knn", "matcher", *SHIPPED_NETWORKS)
OPTIONS: dict[Option, dict[str, Any]] = {
    "teachers": {"teachers": "untrained"},
    "pretrained": {"pretrained": "none"},
    "transfer": {"transfer": "collective"},
    "recipe": {"recipe": "paper"},
    "length": {"run": RunOptions(budget=Budget(1))},
}
WORDS: dict[Option, str] = {
    "teachers": "teachers",
    "pretrained": "pretrained matcher",
    "transfer": "transfer",
    "recipe": "recipe",
    "length": "epochs",
}
"""What of an option its refusal names."""


@pytest.fixture
def middle(registry: None, survey: Survey) -> Localizer:  # noqa: ARG001 (it restores the list)
    register_method(MIDDLE)
    return Localizer("middle").fit(survey)


# -- names ------------------------------------------------------------------------------------------


def test_every_network_is_a_method_beside_those_that_are_none() -> None:
    assert set(method_names()) >= {"knn", "matcher", "blend", *network_names()}
    assert method_names() == sorted(set(method_names()))
    for name in method_names():
        spec = method_spec(name)
        assert spec.name == name
        assert spec.about
        assert spec.is_network == (name in network_names())


@pytest.mark.usefixtures("registry")
def test_names_of_all_methods_are_taken_for_methods_and_networks() -> None:
    assert set(SHIPPED) <= set(method_names())
    for name in method_names():
        message = f"named '{name}' is registered already; choose another name"
        with pytest.raises(BadInputError, match=message):
            register_method(replace(MIDDLE, name=name))
        with pytest.raises(BadInputError, match=message):
            register_network(name, lambda _n_ap: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("name", "near"), [("bled", "blend"), ("matchr", "matcher"), ("bayescn", "bayescnn")]
)
def test_unknown_name_is_refused_with_the_near_miss(name: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown method '{name}'. Did you mean {near}"):
        method_spec(name)


PACKAGE = """
from dataclasses import replace
from tutelage.methods.method_registry import method_spec, register_method
register_method(replace(method_spec("knn"), name="outside"))
"""

CLASH = """
from tutelage.networks import register_network
register_network("knn", lambda n_ap: None)
"""


@pytest.fixture
def installed(registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """An installed package: a method, one that it promises in vain, and a network by a name that is taken."""
    (tmp_path / "outside_method.py").write_text(PACKAGE)
    (tmp_path / "hollow_method.py").write_text("")
    (tmp_path / "clashing_network.py").write_text(CLASH)
    information = tmp_path / "outside_method-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-method\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[tutelage.methods]\noutside = outside_method\nhollow = hollow_method\n"
        "[tutelage.networks]\nknn = clashing_network\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("outside_method", "hollow_method", "clashing_network"):
        monkeypatch.delitem(sys.modules, module, raising=False)


@pytest.mark.usefixtures("installed")
def test_method_of_an_installed_package_is_known_and_fits(survey: Survey) -> None:
    assert "outside" in method_names()
    model = Localizer("outside", settings={"k": 3}, calibrate=False).fit(survey)
    assert evaluate(model, survey).figures()["n_no_position"] == 0
    with pytest.raises(BadInputError, match="a method named 'outside' is registered already"):
        register_network("outside", lambda _n_ap: None)  # type: ignore[arg-type, return-value]


@pytest.mark.usefixtures("installed")
def test_package_that_does_not_register_what_it_promises_is_named() -> None:
    with pytest.raises(TutelageError, match="hollow_method does not register a method named 'hollow'"):
        method_spec("hollow")


@pytest.mark.usefixtures("installed")
def test_package_whose_network_has_the_name_of_a_method_is_refused_by_name() -> None:
    message = (
        "clashing_network of network 'knn' cannot be imported: a method named 'knn' is registered already"
    )
    with pytest.raises(TutelageError, match=message):
        network_spec("knn")
    assert not method_spec("knn").is_network


# -- options ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("option", get_args(Option))
@pytest.mark.parametrize("name", [*SHIPPED, "middle"])
def test_option_that_a_method_does_not_take_is_refused_by_both_names(
    survey: Survey, name: str, option: Option
) -> None:
    register_method(MIDDLE)
    spec = method_spec(name)
    arguments = dict(OPTIONS[option])
    if option == "transfer":
        arguments["sources"] = survey
    if spec.takes(option):
        return
    with pytest.raises(BadInputError) as refused:
        Localizer(name, **arguments).fit(survey)
    message = str(refused.value)
    assert message.startswith(f"{name} takes no ")
    assert WORDS[option] in message
    next_step = message.partition("; ")[2]
    assert next_step
    assert "\n" not in message
    if "such as " in next_step:
        assert method_spec(next_step.split("such as ")[1].split()[0]).takes(option)


def test_options_are_those_of_the_methods_that_come_with_tutelage() -> None:
    network_options = {"teachers", "transfer", "recipe", "length"}
    expected: dict[str, set[str]] = {
        "knn": set(),
        "matcher": {"pretrained", "length"},
        "blend": {"pretrained", "length"},
        **dict.fromkeys(SHIPPED_NETWORKS, network_options),
    }
    assert {name: set(method_spec(name).options) for name in SHIPPED} == expected


# -- a user's own method ----------------------------------------------------------------------------


def test_own_method_keeps_the_contract(middle: Localizer) -> None:
    check_method(middle.method_spec.name)


def test_own_method_fits_predicts_is_calibrated_saved_loaded_and_evaluated(
    middle: Localizer, survey: Survey, tmp_path: Path
) -> None:
    assert survey.test is not None
    answers = middle.predict(survey.test)
    middle_m = survey.train.known_position_m.mean(axis=0)
    np.testing.assert_allclose(
        answers.position_m[answers.answered], np.tile(middle_m, (answers.answered.sum(), 1))
    )
    assert middle.calibration_ is not None
    assert answers.radius_m is not None
    assert middle.lineage_.metrics == {"spread_m": 1.0}
    middle.save(tmp_path / "model")
    again = Localizer.load(tmp_path / "model")
    assert (again.method, again.lineage_) == ("middle", middle.lineage_)
    np.testing.assert_array_equal(again.predict(survey.test).position_m, answers.position_m)
    assert evaluate(again, survey).figures() == evaluate(middle, survey).figures()


def test_update_and_export_that_a_method_does_not_have_are_refused_with_what_to_do(
    middle: Localizer, survey: Survey, tmp_path: Path
) -> None:
    for attempt, next_step in (
        (lambda: update(middle, survey), "middle cannot be updated; fit it anew"),
        (lambda: export_model(middle, tmp_path / "m.zip"), "middle cannot be exported; locate with it here"),
    ):
        with pytest.raises(BadInputError, match=next_step) as refused:
            attempt()
        assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_own_method_refuses_a_setting_that_it_does_not_have(middle: Localizer, survey: Survey) -> None:
    with pytest.raises(UnknownNameError, match="unknown setting of middle 'k'"):
        Localizer(middle.method, settings={"k": 3}).fit(survey)


def test_model_of_a_method_that_is_not_registered_says_which(
    middle: Localizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    middle.save(tmp_path / "model")
    monkeypatch.delitem(METHODS.entries, "middle")
    with pytest.raises(FileFormatError, match=r"is of method 'middle', which is not registered .*import"):
        Localizer.load(tmp_path / "model")
