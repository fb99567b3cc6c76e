"""The verb that shows teachers and pretrained matchers."""

from __future__ import annotations

from typing import Annotated

import typer

from tutelage.cli.cards import show_cards
from tutelage.cli.options import Json

__all__ = ["zoo_show_command"]


def zoo_show_command(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME", help="Files from teach or pretrain, or names from zoo list, such as zoo:matcher."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show the cards of teachers and pretrained matchers: source, recipe, quality.

    Example: tutelage zoo show zoo:matcher
    """
    from tutelage.methods.teacher_names import read_teacher_file

    show_cards({name: read_teacher_file(name).card for name in names}, as_json)
