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
            metavar="NAME", help="Files of teach or pretrain, or names of the zoo such as zoo:dnn-tampere."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show what teachers and pretrained matchers say of themselves: source, recipe, quality."""
    from tutelage.methods.teacher_names import read_teacher_file

    show_cards({name: read_teacher_file(name).card for name in names}, as_json)
