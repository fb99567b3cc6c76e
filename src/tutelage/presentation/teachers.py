"""Teacher files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tutelage.presentation.console import print_json, show
from tutelage.presentation.wording import number, plain

if TYPE_CHECKING:  # only named in signatures
    from tutelage.methods.matcher import MatcherCard
    from tutelage.methods.teachers.shelf import ListedTeacher
    from tutelage.paper.expert_training import TeacherCard

__all__ = ["show_teachers", "show_zoo", "teacher_name"]

_QUALITY = {
    "source_mae_m": "source network",
    "generator_mae_m": "generator",
    "centroid_mae_m": "centroid",
    "angular_similarity": "cosine",
    "spread": "spread",
}
_OF_ZOO = "source_mae_m", "generator_mae_m", "centroid_mae_m", "angular_similarity"
_OF_EXERCISES = "mean errors in m on exercises"
_HOW_TO_READ = (
    "data: hash of the training scans; source network, generator, centroid: mean errors in m on places held "
    "out, of the network taught from, of what is generated, and of a constant; membership: how often "
    "a scan learnt from is told from another, 0.5 is not at all; of the matcher, where most often. Its "
    "sources, one by one: tutelage teachers show zoo:matcher. Of sources that state no licence, make your "
    "own: tutelage teach"
)


def show_teachers(cards: Mapping[str, TeacherCard | MatcherCard], as_json: bool) -> None:
    """Teacher files and what they say of themselves."""
    if as_json:
        print_json([{"file": file, **card.model_dump()} for file, card in cards.items()])
        return
    known = {file: card.model_dump() for file, card in cards.items()}
    surrogate = {file: about for file, about in known.items() if "sources" not in about}
    if surrogate:
        _show_surrogate(surrogate)
    for file, about in known.items():
        if "sources" in about:
            _show_matcher(file, about)


def _show_surrogate(cards: Mapping[str, Mapping[str, Any]]) -> None:
    table = Table(
        "teacher", "source", "network", "d_e", "recipe", title="mean errors in m, on held-out places"
    )
    for heading in _QUALITY.values():
        table.add_column(heading, justify="right")
    for file, about in cards.items():
        quality = about.get("quality") or {}
        head = [
            plain(file),
            plain(about["source"]),
            about["network"],
            str(about["d_e"]),
            about["recipe_name"],
        ]
        table.add_row(*head, *(number(quality.get(name)) for name in _QUALITY))
    show(table)


def _show_matcher(file: str, about: Mapping[str, Any]) -> None:
    """The sources of a pretrained matcher, each with what the matcher makes of it."""
    table = Table("source", "licence", "data", title=f"{plain(file)}: a pretrained matcher, {_OF_EXERCISES}")
    for heading in ("scans", "matcher", "nearest five", "membership"):
        table.add_column(heading, justify="right")
    for source in about["sources"]:
        quality = source["quality"] or {}
        figures = [source["n_train"], quality.get("exercise_mae_m"), quality.get("nearest_mae_m")]
        table.add_row(
            plain(source["source"]),
            source["licence"],
            source["data_hash"][:8],
            *map(number, [*figures, source["membership"]]),
        )
    show(table)


def show_zoo(teachers: Sequence[ListedTeacher], as_json: bool) -> None:
    """The teachers that come with Tutelage: whence, how good, and what they give away."""
    if as_json:
        print(json.dumps([_listed(teacher) for teacher in teachers]))
        return
    table = Table(title="teachers that come with Tutelage", padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("teacher", no_wrap=True)  # to be typed, so whole on a narrow terminal as well
    for heading in ("learnt in", "licence", "data"):
        table.add_column(heading, overflow="fold")
    for heading in ("scans", "kB", "source network", "generator", "centroid", "cosine", "membership"):
        table.add_column(heading, justify="right", overflow="fold")
    for teacher in teachers:
        about = teacher.card.model_dump()
        sources = about.get("sources", [about])
        quality = about.get("quality") or {}
        alone = sources[0] if len(sources) == 1 else {}
        table.add_row(
            plain(teacher.name),
            plain(alone.get("source", f"{len(sources)} surveys")),
            ", ".join(sorted({source["licence"] for source in sources})),
            alone.get("data_hash", "")[:8],
            number(sum(source["n_train"] for source in sources)),
            number(round(teacher.size_bytes / 1000)),
            *(number(quality.get(name)) for name in _OF_ZOO),
            number(_membership(about)),
        )
    show(table)
    show(_HOW_TO_READ)


def _membership(about: Mapping[str, Any]) -> float | None:
    """Of a surrogate teacher; of a matcher, where it tells scans apart best."""
    if "sources" not in about:
        return (about.get("privacy") or {}).get("membership")
    measured = [source["membership"] for source in about["sources"] if source["membership"] is not None]
    return max(measured, default=None)


def _listed(teacher: ListedTeacher) -> dict[str, Any]:
    about = {"name": teacher.name, "size_bytes": teacher.size_bytes, "content_hash": teacher.content_hash}
    return {**about, "citations": list(teacher.citations), **teacher.card.model_dump()}


def teacher_name(teacher: str | Mapping[str, Any]) -> str:
    """What a teacher is called: by the buildings in which it learnt, or as it was named."""
    if isinstance(teacher, str):
        return teacher
    return ", ".join(s["source"] for s in teacher.get("sources", [teacher]))
