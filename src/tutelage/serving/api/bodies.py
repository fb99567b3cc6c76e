"""How bodies of requests are described."""

from __future__ import annotations

from pydantic import ConfigDict, JsonValue

__all__ = ["RSS_DBM", "exact"]

RSS_DBM: dict[str, JsonValue] = {"01:23:45:67:89:ab": -61, "01:23:45:67:89:ac": -70}
"""A scan in examples: RSS of two access points."""


def exact(example: JsonValue) -> ConfigDict:
    """Configure a body that may hold no unknown field, and describe it by an example.

    Parameters
    ----------
    example : JSON value
        A body that a client may send.

    Returns
    -------
    ConfigDict
        For `model_config`.
    """
    return ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": [example]})
