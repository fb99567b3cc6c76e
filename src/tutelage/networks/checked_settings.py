"""Settings of networks and recipes: checked, with messages that say what is allowed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from torch import nn

from tutelage.errors import BadInputError, UnknownNameError

__all__ = ["checked_settings", "keyword_settings"]


def checked_settings(model: type[BaseModel], given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """`given` validated by `model`, with our own messages for unknown names and wrong values."""
    for name in given:
        if name not in model.model_fields:
            raise UnknownNameError(kind, name, model.model_fields)
    try:
        return model.model_validate({name: _listed(model, name, given[name]) for name in given}).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{kind} {name} = {first['input']!r}: {first['msg'].lower()}") from error


def _listed(model: type[BaseModel], name: str, value: Any) -> Any:
    """Where several values are allowed, "32,64" of the command line as a list of them."""
    several = get_origin(model.model_fields[name].annotation) in (tuple, list)
    return value.split(",") if several and isinstance(value, str) else value


def keyword_settings(name: str, build: Callable[..., nn.Module]) -> type[BaseModel]:
    """The keyword parameters of `build` after n_ap, as a model that refuses unknown names."""
    parameters = list(inspect.signature(build, eval_str=True).parameters.values())[1:]
    fields: dict[str, Any] = {
        p.name: (
            Any if p.annotation is p.empty else p.annotation,
            ... if p.default is p.empty else p.default,
        )
        for p in parameters
        if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
    }
    return create_model(f"{name}_settings", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
