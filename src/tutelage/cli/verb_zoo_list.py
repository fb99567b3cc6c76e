"""The verb that lists what comes with Tutelage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tutelage.cli.cards import QUALITY
from tutelage.cli.console import number, plain, show
from tutelage.cli.options import Json

if TYPE_CHECKING:  # only named in signatures
    from tutelage.methods.teachers.shelf import ListedTeacher

__all__ = ["zoo_list_command"]

_QUALITY = [name for name in QUALITY if name != "spread"]
_HOW_TO_READ = (
    "data: hash of the training scans. Source network, generator, centroid: mean errors in m on places held "
    "out, of the network taught from, of what is generated, and of a constant. Membership: how often a scan "
    "learnt from is told from another, 0.5 is not at all; of the matcher, where most often. Its sources, one "
    "by one: tutelage zoo show zoo:matcher. Of surveys that state no licence, make your own: tutelage teach"
)


def zoo_list_command(as_json: Json = False) -> None:
    """List the surrogate teachers and the pretrained matcher that come with Tutelage."""
    from tutelage.methods.teachers.shelf import zoo_list

    teachers = zoo_list()
    if as_json:
        print(json.dumps([_as_dict(teacher) for teacher in teachers]))
        return
    _show_zoo(teachers)


def _show_zoo(teachers: Sequence[ListedTeacher]) -> None:
    table = Table(title="what comes with Tutelage", padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("name", no_wrap=True)  # to be typed, so whole on a narrow terminal as well
    for heading in ("learnt in", "licence", "data"):
        table.add_column(heading, overflow="fold")
    for heading in ("scans", "kB", "source network", "generator", "centroid", "cosine", "membership"):
        table.add_column(heading, justify="right", overflow="fold")
    for teacher in teachers:
        about = teacher.card.model_dump()
        sources = about.get("sources", [about])
        quality = about.get("quality") or {}
        only = sources[0] if len(sources) == 1 else {}
        table.add_row(
            plain(teacher.name),
            plain(only.get("source", f"{len(sources)} surveys")),
            ", ".join(sorted({source["licence"] for source in sources})),
            only.get("data_hash", "")[:8],
            number(sum(source["n_train"] for source in sources)),
            number(round(teacher.size_bytes / 1000)),
            *(number(quality.get(name)) for name in _QUALITY),
            number(_membership(about)),
        )
    show(table)
    show(_HOW_TO_READ)


def _membership(about: Mapping[str, Any]) -> float | None:
    """Give that of a surrogate teacher; of a matcher, where it tells scans apart best."""
    if "sources" not in about:
        return (about.get("privacy") or {}).get("membership")
    shares = [source["membership"] for source in about["sources"] if source["membership"] is not None]
    return max(shares, default=None)


def _as_dict(teacher: ListedTeacher) -> dict[str, Any]:
    about = {"name": teacher.name, "size_bytes": teacher.size_bytes, "content_hash": teacher.content_hash}
    return {**about, "citations": list(teacher.citations), **teacher.card.model_dump()}
