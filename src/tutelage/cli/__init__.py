"""The command line: thin verbs over the library.

Verbs import what needs PyTorch when they run, so that help, `data` and refusals come at once.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from tutelage import presentation
from tutelage.cli import (
    answering,
    comparing,
    data,
    drifting,
    exporting,
    fitting,
    planning,
    tables,
    teaching,
    tuning,
)
from tutelage.errors import LeftOutWarning, TutelageError

__all__ = ["app", "main"]


class _StoppableGroup(TyperGroup):
    """Ctrl-C outside of long work, such as while PyTorch is loaded, ends a verb like one within."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # Typer would say that it aborted, with exit code 1
            presentation.tell("stopped")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_StoppableGroup,
    help="Indoor positioning from radio fingerprints, and knowledge transfer between buildings.",
    epilog="To begin: tutelage demo. Bad input ends with one message and exit code 2, Ctrl-C with 130.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Data sets: list, fetch, check, write in another form.", no_args_is_help=True)
data_app.command("list")(data.data_list)
data_app.command("check")(data.data_check)
data_app.command("fetch")(data.data_fetch)
data_app.command("export")(data.data_export)
teachers_app = typer.Typer(help="Teachers: list those that come with Tutelage, show.", no_args_is_help=True)
teachers_app.command("list")(teaching.teachers_list)
teachers_app.command("show")(teaching.teachers_show)
teachers_app.command("make")(teaching.teachers_make)
app.add_typer(data_app, name="data")
app.add_typer(teachers_app, name="teachers")
app.command("teach")(teaching.teach_command)
app.command("compare")(comparing.compare_command)
app.command("plan")(planning.plan_command)
app.command("fit")(fitting.fit_command)
app.command("tune")(tuning.tune_command)
app.command("evaluate")(answering.evaluate_command)
app.command("locate")(answering.locate_command)
app.command("drift")(drifting.drift_command)
app.command("export")(exporting.export_command)
app.command("reproduce")(tables.reproduce_command)
app.command("demo")(tables.demo_command)


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
    """What a reader leaves out of the user's file is told, one line each, whatever filters are set."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", LeftOutWarning)
        show_other = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, LeftOutWarning):
                presentation.tell(f"[bold]note:[/] {presentation.plain(str(message))}")
            else:
                show_other(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def _fail(message: str) -> None:
    presentation.tell(f"[bold red]error:[/] {presentation.plain(message)}")
    sys.exit(2)
