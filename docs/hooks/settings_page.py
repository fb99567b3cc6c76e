"""The page of settings, made from the classes that check them and from the text beside each setting there."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tutelage.methods.blend import BlendSettings
from tutelage.methods.knn import KNNSettings
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher_method import MatcherSettings
from tutelage.networks import network_names, network_spec
from tutelage.paper.expert_distilling import DistillingRecipe, distilling_recipe
from tutelage.paper.expert_training.teaching_recipe import teaching_recipe
from tutelage.paper.transfer import transfer_recipe
from tutelage.training import LearningRecipe

_TYPES = {int: "whole number", float: "number", bool: "`true`, `false`", str: "text"}
_LIMITS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
_RECIPES = ("default", "paper", "printed")
_HEAD = """# Settings

Every setting that `--set NAME=VALUE` takes, with its default. In Python, give `settings={"NAME": VALUE}`.

Write several values with commas, such as `--set widths=32,64`. Numbers such as A4 are rows of
[the framework's choices](../concepts/framework.md).
"""
_BLEND = """## blend

The blend also takes each setting of the [matcher](#matcher), as `matcher.NAME`. The settings of its network
and of [the training](#training-a-network) have no prefix.
"""
_TRAINING = "## Training a network\n\n`fit` uses these settings. `--recipe paper` takes the column `paper`.\n"
_ALSO = (
    "It also takes the settings from `optimiser` to `weight_labels` of [the training](#training-a-network)."
)
_TRANSFER = f"## Transfer\n\n`fit --transfer` takes these settings. {_ALSO}\n"
_TEACHING = f"## Teaching\n\n`teach` takes these settings. {_ALSO} Defaults that differ are in this table.\n"


def settings_page() -> str:
    """Return the page of all settings of methods, networks and recipes."""
    pretraining = {"pretrain": MatcherRecipe.for_pretraining()}
    parts = [
        _HEAD,
        "## knn\n",
        _settings(KNNSettings),
        "## matcher\n",
        _settings(MatcherSettings, pretraining),
    ]
    parts += [_BLEND, _settings(BlendSettings), "## Networks\n"]
    for name in own_networks():
        spec = network_spec(name)
        parts += [f"### {name}\n", _settings(spec.settings_model, meanings=parameter_docs(spec.build))]
        parts += [f"Its recipe `{name}` sets {_listed(spec.recipes[name])}.\n" for name in spec.recipes]
    training = {name: distilling_recipe(name) for name in _RECIPES}
    parts += [_TRAINING, _settings(DistillingRecipe, training)]
    shared = {name: training[name].model_dump(include={*LearningRecipe.model_fields}) for name in _RECIPES}
    for head, make in ((_TRANSFER, transfer_recipe), (_TEACHING, teaching_recipe)):
        recipes: dict[str, BaseModel] = {name: make(name) for name in _RECIPES}
        values = {name: recipes[name].model_dump() for name in _RECIPES}
        other = {field for name in _RECIPES for field, _ in values[name].items() - shared[name].items()}
        parts += [head, _settings(type(recipes["default"]), recipes, only=other)]
    return "\n".join(parts)


def own_networks() -> list[str]:
    """Return the networks that come with Tutelage; plug-ins have pages of their own."""
    return [name for name in network_names() if network_spec(name).build.__module__.startswith("tutelage.")]


def _settings(
    model: type[BaseModel],
    columns: Mapping[str, BaseModel] | None = None,
    *,
    meanings: Mapping[str, str] | None = None,
    only: Iterable[str] | None = None,
) -> str:
    """Return the table of a model's settings; each recipe has a column of its values."""
    meanings = attribute_docs(model) if meanings is None else meanings
    columns = {"default": model.model_construct(), **(columns or {})}
    rows = []
    for name, field in model.model_fields.items():
        if only is None or name in only:
            defaults = [shown(getattr(recipe, name, "")) for recipe in columns.values()]
            rows.append([f"`{name}`", *defaults, _values(field.annotation, field.metadata), meanings[name]])
    return table(["setting", *columns, "values", "meaning"], rows)


def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return the text below each field in the class and its bases."""
    docs: dict[str, str] = {}
    for cls in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, text in pairwise(body.body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(words))):
                    docs[name] = words
    return docs


def parameter_docs(build: Any) -> dict[str, str]:
    """Return the text below each parameter in a docstring of numpy's style."""
    _, _, section = (inspect.getdoc(build) or "").partition("Parameters\n----------\n")
    found = re.findall(r"^(\w.*?) : .*\n((?: +.*\n?)+)", re.split(r"\n\n\w+\n-", section)[0], re.MULTILINE)
    return {name: text for names, text in found for name in names.split(", ")}


def _values(annotation: Any, limits: Sequence[Any] = ()) -> str:
    """Say which values an annotation allows, in a few words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(inner[0], [part for each in inner[1:] for part in getattr(each, "metadata", [each])])
    if origin in (Union, UnionType):
        return ", ".join(_values(each, limits) for each in inner if each is not NoneType)
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin is tuple:
        return f"several, each a {_values(inner[0])}"
    bounds = [
        f"{_LIMITS[key]} {getattr(each, key)}" for each in limits for key in _LIMITS if hasattr(each, key)
    ]
    return " ".join([_TYPES.get(annotation, "any"), *bounds])


def shown(value: Any) -> str:
    """Return a value as it is typed; empty if there is none."""
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    text = str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")
    return f"`{text}`" if text and value is not None else ""


def _listed(changes: Mapping[str, Any]) -> str:
    return " and ".join(f"`{name}` to {shown(value)}" for name, value in changes.items())


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell holds one line."""
    cells = [headings, ["---"] * len(headings), *rows]
    return "".join(
        f"| {' | '.join(' '.join(each.replace('|', '/').split()) for each in row)} |\n" for row in cells
    )
