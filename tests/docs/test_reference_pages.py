"""The pages of verbs, settings and the Python interface leave nothing out."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

import tutelage
from tutelage import runtime
from tutelage.methods.blend import BlendSettings
from tutelage.methods.knn import KNNSettings
from tutelage.methods.matcher_method import MatcherSettings
from tutelage.methods.method_registry import METHODS
from tutelage.networks import network_spec
from tutelage.paper.expert_distilling import DistillingRecipe
from tutelage.paper.expert_training.teaching_recipe import TeachingRecipe
from tutelage.paper.transfer.transfer_recipe import TransferRecipe

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS: dict[str, type[BaseModel]] = {
    "knn": KNNSettings,
    "matcher": MatcherSettings,
    "blend": BlendSettings,
}
RECIPES: tuple[type[BaseModel], ...] = (DistillingRecipe, TransferRecipe, TeachingRecipe)


@pytest.fixture(scope="module")
def hook() -> Iterator[ModuleType]:
    """The hook, imported as MkDocs does: its folder is on the path meanwhile."""
    before = sys.path.copy()
    sys.path.insert(0, str(DOCS / "hooks"))
    try:
        import reference_pages

        yield reference_pages
    finally:
        sys.path[:] = before


def sections(page: str) -> dict[str, str]:
    """The text below each heading of level 2 and 3."""
    parts = re.split(r"^###? (.*)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def meanings(section: str) -> dict[str, str]:
    """The last cell of each row of a section's tables, by the first."""
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0]: cells[-1].strip() for cells in rows}


# -- verbs -------------------------------------------------------------------------------------------


def test_every_verb_and_option_is_on_the_page_with_its_meaning(hook: ModuleType) -> None:
    page = sections(hook.cli_page())
    verbs = dict(hook.verbs())
    assert set(page) == {f"tutelage {verb}" for verb in verbs}
    assert {"fit", "data check", "zoo list"} <= set(verbs)
    for verb, command in verbs.items():
        text = meanings(page[f"tutelage {verb}"])
        assert all(text.values()), verb
        shown = " ".join(text)
        for param in command.params:
            spelling = (
                [*param.opts, *param.secondary_opts] if param.opts[0].startswith("-") else [param.metavar]
            )
            for name in spelling:
                assert f"`{name}" in shown, f"{verb}: {name}"


def test_page_of_fit_shows_usage_example_panels_and_defaults(hook: ModuleType) -> None:
    fit = sections(hook.cli_page())["tutelage fit"]
    assert "Usage: `tutelage fit SURVEY [OPTIONS]`" in fit
    assert "```bash\ntutelage fit survey.csv\n```" in fit
    for panel in ("Options", "Teachers and transfer", "Training", "Reading the data", "Updating a model"):
        assert f"**{panel}**" in fit
    assert "| `--method NAME` | `blend` |" in fit
    assert "| `--calibration`, `--no-calibration` | `--calibration` |" in fit


# -- settings ----------------------------------------------------------------------------------------


def test_every_setting_of_every_method_is_on_the_page_with_its_meaning(hook: ModuleType) -> None:
    page = sections(hook.settings_page())
    assert {name for name in METHODS.names() if METHODS.get(name).fit.__module__.startswith("tutelage.")} == {
        *SETTINGS
    }
    networks = ("baat", "bayescnn", "cnnloc", "dnn")
    models = {**SETTINGS, **{name: network_spec(name).settings_model for name in networks}}
    for name, model in models.items():
        text = meanings(page[name])
        assert set(text) == {f"`{setting}`" for setting in model.model_fields}, name
        assert all(text.values()), name


def test_every_setting_of_every_recipe_is_on_the_page_with_its_meaning(hook: ModuleType) -> None:
    page = sections(hook.settings_page())
    training = meanings(page["Training a network"])
    for title, recipe in zip(("Training a network", "Transfer", "Teaching"), RECIPES, strict=True):
        text = training | meanings(page[title])
        assert {f"`{name}`" for name in recipe.model_fields} <= set(text), title
        assert all(text.values()), title


@pytest.mark.parametrize(
    "row",
    [
        "| `k` | `10` | whole number from 1 |",
        "| `share` |  | number from 0 to 1 |",
        "| `widths` | `32,64,128` | several, each a whole number above 0 |",
        "| `learning_rate` | `0.002` | `0.001` | `0.001` | number above 0 |",
        "| `updates` | `1000` | `2000` | whole number from 1 |",
        "| `weight_labels` | `0` | `0` | `0` | number from 0 |",
        "Its recipe `default` sets `rss_min_dbm` to `-95` and `updates` to `2500`.",
    ],
)
def test_a_row_shows_defaults_and_values(hook: ModuleType, row: str) -> None:
    assert row in hook.settings_page()


# -- Python ------------------------------------------------------------------------------------------


def test_every_exported_name_is_on_the_page_of_the_python_interface() -> None:
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    paths = re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)
    shown = [
        getattr(import_module(module), name) for module, _, name in (path.rpartition(".") for path in paths)
    ]
    assert len(paths) == len(set(paths))
    offered = [
        *(getattr(tutelage, name) for name in tutelage.__all__),
        *(getattr(runtime, name) for name in runtime.__all__ if name != "RUNTIME_FORMAT"),
    ]
    assert {each.__qualname__ for each in offered} == {each.__qualname__ for each in shown}
    assert set(map(id, offered)) == set(map(id, shown))
