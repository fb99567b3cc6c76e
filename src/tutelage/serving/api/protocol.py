"""A protocol of the service: its routes, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter

from tutelage.serving.problems import Render, plain_body

__all__ = ["Protocol"]


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
    batch_paths : tuple of str
        Paths whose bodies carry batches: they may be larger.
    also : tuple of APIRouter
        Further routes, such as sockets.
    """

    router: APIRouter
    paths: tuple[str, ...]
    render: Render = field(default=plain_body)
    batch_paths: tuple[str, ...] = ()
    also: tuple[APIRouter, ...] = ()
