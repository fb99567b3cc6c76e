"""Settings of networks and recipes: checked, with messages that say what is allowed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from torch import nn

from tutelage.errors import BadInputError, UnknownNameError

__all__ = ["checked_settings", "keyword_settings"]


def checked_settings(model: type[BaseModel], settings: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Validate settings by a model, with messages that say what is allowed.

    Parameters
    ----------
    model : type of BaseModel
        Which settings there are, with types and defaults.
    settings : Mapping
        Values by name. Where several values are allowed, a text such as "32,64" gives them.
    kind : str
        What the settings belong to, for messages: "setting of network 'dnn'".

    Returns
    -------
    dict
        All settings of the model; those that are missing in `settings` have their defaults.

    Raises
    ------
    UnknownNameError
        If a name is no setting of the model; near-misses are suggested.
    BadInputError
        If a value has the wrong type or lies outside its limits.
    """
    for name in settings:
        if name not in model.model_fields:
            raise UnknownNameError(kind, name, model.model_fields)
    values = {name: _split_text(model, name, value) for name, value in settings.items()}
    try:
        return model.model_validate(values).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{kind} {name} = {first['input']!r}: {first['msg'].lower()}") from error


def _split_text(model: type[BaseModel], name: str, value: Any) -> Any:
    """Divide "32,64" of the command line, where several values are allowed."""
    several = get_origin(model.model_fields[name].annotation) in (tuple, list)
    return value.split(",") if several and isinstance(value, str) else value


def keyword_settings(name: str, build: Callable[..., nn.Module]) -> type[BaseModel]:
    """Make a settings model of the keyword parameters of a network.

    Parameters
    ----------
    name : str
        Name of the network.
    build : callable
        Called as build(n_ap, **settings); its annotations and defaults become those of the model.

    Returns
    -------
    type of BaseModel
        A model that refuses unknown names.
    """
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
