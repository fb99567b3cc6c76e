"""Cards of surrogate teachers and pretrained matchers, as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.table import Table

from tutelage.cli.console import number, plain, print_json, show

if TYPE_CHECKING:  # only named in signatures
    from tutelage.methods.matcher.matcher_card import MatcherCard
    from tutelage.paper.expert_training import TeacherCard

__all__ = ["QUALITY", "show_cards"]

QUALITY = {
    "source_mae_m": "source network",
    "generator_mae_m": "generator",
    "centroid_mae_m": "centroid",
    "angular_similarity": "cosine",
    "spread": "spread",
}


def show_cards(cards: Mapping[str, TeacherCard | MatcherCard], as_json: bool) -> None:
    """Print what files of teachers and matchers say of themselves."""
    if as_json:
        print_json([{"file": file, **card.model_dump()} for file, card in cards.items()])
        return
    from tutelage.methods.matcher.matcher_card import MatcherCard
    from tutelage.paper.expert_training import TeacherCard

    if teachers := {file: card for file, card in cards.items() if isinstance(card, TeacherCard)}:
        _show_teachers(teachers)
    for file, card in cards.items():
        if isinstance(card, MatcherCard):
            _show_matcher(file, card)


def _show_teachers(cards: Mapping[str, TeacherCard]) -> None:
    table = Table(
        "teacher", "source", "network", "d_e", "recipe", title="mean errors in m, on held-out places"
    )
    for heading in QUALITY.values():
        table.add_column(heading, justify="right")
    for file, card in cards.items():
        quality = card.quality.model_dump() if card.quality else {}
        # Files from before `held_out` was a setting held out a tenth.
        recipe = card.recipe_name + ("" if card.recipe.get("held_out", 0.1) else ", nothing held out")
        about = [plain(file), plain(card.source), card.network, str(card.d_e), recipe]
        table.add_row(*about, *(number(quality.get(name)) for name in QUALITY))
    show(table)


def _show_matcher(file: str, card: MatcherCard) -> None:
    """Print the sources of a pretrained matcher, each with its errors there."""
    title = f"{plain(file)}: a pretrained matcher, mean errors in m on exercises"
    table = Table("source", "licence", "data", title=title)
    for heading in ("scans", "matcher", "nearest five", "membership"):
        table.add_column(heading, justify="right")
    for source in card.sources:
        quality = source.quality
        errors_m = (quality.exercise_mae_m, quality.nearest_mae_m) if quality else (None, None)
        figures = [source.n_train, *errors_m, source.membership]
        table.add_row(plain(source.source), source.licence, source.data_hash[:8], *map(number, figures))
    show(table)
