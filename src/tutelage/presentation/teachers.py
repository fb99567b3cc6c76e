"""Teacher files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tutelage.presentation.console import print_json, show
from tutelage.presentation.wording import number, plain

if TYPE_CHECKING:  # only named in signatures
    from tutelage.scorer import ScorerCard
    from tutelage.teaching import TeacherCard

__all__ = ["show_teachers", "teacher_name"]

_QUALITY = {
    "source_mae_m": "source network",
    "generator_mae_m": "generator",
    "centroid_mae_m": "centroid",
    "angular_similarity": "cosine",
    "spread": "spread",
}


def show_teachers(cards: Mapping[str, TeacherCard | ScorerCard], as_json: bool) -> None:
    """Teacher files and what they say of themselves."""
    if as_json:
        print_json([{"file": file, **card.model_dump()} for file, card in cards.items()])
        return
    table = Table(
        "teacher", "source", "network", "d_e", "recipe", title="mean errors in m, on held-out places"
    )
    for heading in _QUALITY.values():
        table.add_column(heading, justify="right")
    for file, card in cards.items():
        about = card.model_dump()
        quality = about.get("quality") or {}
        head = [plain(file), plain(teacher_name(about)), about.get("network", "scorer")]
        head += [str(about.get("d_e", "")), about.get("recipe_name", "default")]
        table.add_row(*head, *(number(quality.get(name)) for name in _QUALITY))
    show(table)


def teacher_name(teacher: str | Mapping[str, Any]) -> str:
    """What a teacher is called: by the buildings in which it learnt, or as it was named."""
    if isinstance(teacher, str):
        return teacher
    return ", ".join(s["source"] for s in teacher.get("sources", [teacher]))
