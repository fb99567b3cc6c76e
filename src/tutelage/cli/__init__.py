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

from tutelage.cli.console import plain, tell
from tutelage.cli.verb_collect import collect_command
from tutelage.cli.verb_compare import compare_command
from tutelage.cli.verb_data_check import data_check_command
from tutelage.cli.verb_data_export import data_export_command
from tutelage.cli.verb_data_fetch import data_fetch_command
from tutelage.cli.verb_data_list import data_list_command
from tutelage.cli.verb_demo import demo_command
from tutelage.cli.verb_drift import drift_command
from tutelage.cli.verb_evaluate import evaluate_command
from tutelage.cli.verb_export import export_command
from tutelage.cli.verb_fit import fit_command
from tutelage.cli.verb_forget import forget_command
from tutelage.cli.verb_keys import keys_list_command, keys_make_command, keys_revoke_command
from tutelage.cli.verb_locate import locate_command
from tutelage.cli.verb_plan import plan_command
from tutelage.cli.verb_pretrain import pretrain_command
from tutelage.cli.verb_reproduce import reproduce_command
from tutelage.cli.verb_serve import serve_command
from tutelage.cli.verb_teach import teach_command
from tutelage.cli.verb_tune import tune_command
from tutelage.cli.verb_update import update_command
from tutelage.cli.verb_zoo_list import zoo_list_command
from tutelage.cli.verb_zoo_make import zoo_make_command
from tutelage.cli.verb_zoo_show import zoo_show_command
from tutelage.errors import LeftOutWarning, ReadAsWarning, TutelageError

__all__ = ["app", "main"]


class _StoppableGroup(TyperGroup):
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
data_app = typer.Typer(help="Check your survey, convert it, or download public sets.", no_args_is_help=True)
data_app.command("list")(data_list_command)
data_app.command("check")(data_check_command)
data_app.command("fetch")(data_fetch_command)
data_app.command("export")(data_export_command)
zoo_app = typer.Typer(help="Teachers and the matcher that come with Tutelage.", no_args_is_help=True)
zoo_app.command("list")(zoo_list_command)
zoo_app.command("show")(zoo_show_command)
zoo_app.command("make")(zoo_make_command)
keys_app = typer.Typer(help="Access keys of the service: make, list, revoke.", no_args_is_help=True)
keys_app.command("make")(keys_make_command)
keys_app.command("list")(keys_list_command)
keys_app.command("revoke")(keys_revoke_command)
app.add_typer(data_app, name="data")
app.add_typer(zoo_app, name="zoo")
app.add_typer(keys_app, name="keys")
app.command("fit")(fit_command)
app.command("evaluate")(evaluate_command)
app.command("locate")(locate_command)
app.command("export")(export_command)
app.command("compare")(compare_command)
app.command("plan")(plan_command)
app.command("drift")(drift_command)
app.command("update")(update_command)
app.command("tune")(tune_command)
app.command("teach")(teach_command)
app.command("pretrain")(pretrain_command)
app.command("reproduce")(reproduce_command)
app.command("serve")(serve_command)
app.command("collect")(collect_command)
app.command("demo")(demo_command)
app.command("forget")(forget_command)


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
