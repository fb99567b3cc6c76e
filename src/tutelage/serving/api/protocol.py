"""A protocol of the service: its routes, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tutelage.serving.problems import PlainBody, Render, plain_body

__all__ = ["Protocol"]

_REFUSALS = (400, 401, 403, 404, 405, 408, 413, 415, 429, 503)


@dataclass(frozen=True)
class Protocol:
    """What one module of `tutelage.serving.api` adds to the service.

    Parameters
    ----------
    router : APIRouter
        Its routes.
    paths : tuple of str
        How their paths begin.
    render : callable
        Writes a problem in its words.
    problem : type of BaseModel
        What `render` writes.
    batch_paths : tuple of str
        Paths whose bodies carry batches: they may be larger.
    also : tuple of APIRouter
        Further routes, such as sockets.
    """

    router: APIRouter
    paths: tuple[str, ...]
    render: Render = field(default=plain_body)
    problem: type[BaseModel] = PlainBody
    batch_paths: tuple[str, ...] = ()
    also: tuple[APIRouter, ...] = ()

    @property
    def refusals(self) -> dict[int | str, dict[str, Any]]:
        """What the description says of refusals, by status."""
        return {status: {"model": self.problem} for status in _REFUSALS}
