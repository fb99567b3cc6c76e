"""The command line: thin verbs over the library.

A verb is imported when it is run or asked for its help, and imports what needs PyTorch when it runs: help,
`data` and refusals come at once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import typer

from tutelage.cli.console import plain, tell
from tutelage.cli.lazy_verbs import GROUPS, VERBS, LazyGroup
from tutelage.errors import LeftOutWarning, ReadAsWarning, TutelageError

__all__ = ["app", "main"]


class _StoppableGroup(LazyGroup):
    """Ctrl-C outside of long work, such as while PyTorch is loaded, ends a verb like one within."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer would say that it aborted, with exit code 1
            tell("stopped")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_StoppableGroup,
    help="Indoor positioning from radio fingerprints. Begin with: tutelage fit survey.csv",
    epilog="Exit codes: 0 done, 1 something to repair (data check), 2 bad input, 130 stopped by Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _not_imported() -> None:
    """Stand for a verb until `LazyGroup` imports it."""


def _add_verbs() -> None:
    """Give the app its verbs and groups of verbs."""
    groups = {"": app}
    for name, about in GROUPS.items():
        groups[name] = typer.Typer(cls=LazyGroup, help=about, no_args_is_help=True)
        app.add_typer(groups[name], name=name)
    for words, verb in VERBS.items():
        group, _, name = words.rpartition(" ")
        groups[group].command(name, help=verb.about)(_not_imported)


_add_verbs()


def main() -> None:
    """Entry point: an error of the user's is one message and exit code 2, never a traceback."""
    try:
        with _notes_on_stderr():
            app(prog_name="tutelage")
    except TutelageError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"the system refused: {error.strerror or error} ({error.filename or 'no file named'})")


@contextmanager
def _notes_on_stderr() -> Iterator[None]:
    """Show each warning about how the user's file was read in a line, whatever filters are set."""
    with warnings.catch_warnings():
        for kind in (LeftOutWarning, ReadAsWarning):
            warnings.simplefilter("always", kind)
        show_other = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, (LeftOutWarning, ReadAsWarning)):
                tell(f"[bold]note:[/] {plain(str(message))}")
            else:
                show_other(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def _fail(message: str) -> None:
    tell(f"[bold red]error:[/] {plain(message)}")
    sys.exit(2)
