"""Verbs that make tables and the demo."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage import presentation
from tutelage.cli.options import DataDir, Json, stoppable
from tutelage.errors import BadInputError

if TYPE_CHECKING:
    from tutelage.experiments.paper_tables import Request

__all__ = [
    "demo_command",
    "reproduce_command",
]

_TABLE = (
    "table1 (every method), table2 (each constraint), table3 (which sources), table4 (little data), figure2 "
    "(distributions of errors), appendix_a (weights of the constraints), networks (each on its own), "
    "accuracy, small_maps and small_surveys (with matcher and blend), pipeline (parts of the default recipe) "
    "and framework (options of the teachers), both on held-out training data, or all."
)
_Names = list[str] | None


def reproduce_command(
    table: Annotated[str, typer.Argument(help=_TABLE)],
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    budget: Annotated[str, typer.Option(help="paper, full, standard or quick; else the table's own.")] = "",
    targets: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Buildings to learn; repeatable, or with commas.")
    ] = None,
    networks: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Networks; repeatable, or with commas.")
    ] = None,
    methods: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Methods; repeatable, or with commas.")
    ] = None,
    sources: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Source buildings; repeatable, or with commas.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Seeds 0 to N - 1; 0: as the table says.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Cells at a time, each in a process; else one a processor."),
    ] = None,
    executor: Annotated[str, typer.Option(help="local, or ray (needs the extra ray).")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster to join; else one is started here.")
    ] = None,
    data_dir: DataDir = None,
    finished: Annotated[
        bool, typer.Option("--finished", help="Run nothing: write the pages of the cells that are finished.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a table of the paper with k-NN and the controls; finished cells are kept and never run again."""
    from tutelage.experiments.appendix_a import NAME as APPENDIX_A
    from tutelage.experiments.appendix_a import search_weights
    from tutelage.experiments.executors import executor_of
    from tutelage.experiments.pages import json_page, markdown_page
    from tutelage.experiments.paper_tables import TABLES, Request
    from tutelage.experiments.reproduce import reproduce

    lists = {"targets": targets, "networks": networks, "methods": methods, "sources": sources}
    request = Request(budget, **{what: _listed(what, names) for what, names in lists.items()}, n_seeds=seeds)
    run_on = executor_of(executor, jobs=jobs or os.cpu_count() or 1, address=address)
    if finished and table == APPENDIX_A:
        raise BadInputError(f"--finished is for tables of cells; {APPENDIX_A} is one search")
    every = (*TABLES,) if finished else (*TABLES, APPENDIX_A)
    names = every if table == "all" else (table,)
    _require_all_have(names, request)
    pages: list[Any] = []
    with stoppable("give the same command again: finished cells are kept"):
        for name in names:
            if name != APPENDIX_A:
                summary = reproduce(
                    name, out, run_on, request, data_dir=data_dir, progress=not as_json, run=not finished
                )
                pages.append(json_page(summary) if as_json else markdown_page(summary))
            else:
                # One search on one target: of a request for all tables it takes the budget alone.
                asked = Request(budget) if table == "all" else request
                search = search_weights(out, run_on, asked, data_dir=data_dir, progress=not as_json)
                pages.append(search.rows() if as_json else search.page())
            if not as_json:
                typer.echo(pages[-1])
    if as_json:
        typer.echo(json.dumps(pages if table == "all" else pages[0]))


def _require_all_have(names: Sequence[str], request: Request) -> None:
    """Refuse what a table does not have before the first of them is run."""
    from tutelage.experiments.appendix_a import NAME as APPENDIX_A
    from tutelage.experiments.paper_tables import chosen_table

    if len(names) > 1 and (request.networks or request.methods):
        raise BadInputError("the tables differ in their networks and methods; name a table instead of all")
    for name in names:
        if name != APPENDIX_A:
            chosen_table(name, request)


def _listed(what: str, names: list[str] | None) -> tuple[str, ...]:
    """Names given one by one, or several in one with commas between."""
    found = tuple(name.strip() for given in names or [] for name in given.split(",") if name.strip())
    if names and not found:
        raise BadInputError(f"--{what} names nothing; leave it out to take those of the table")
    return found


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("demo"),
    as_json: Json = False,
) -> None:
    """The main job on simulated buildings: survey, teacher, model, evaluation, report. Needs no data."""
    from tutelage.experiments.demo import make_demo, next_commands, require_demo_folder

    require_demo_folder(out)
    if not as_json:
        typer.echo("Two simulated buildings: a teacher learns the museum, then five models meet the office.")
    found = make_demo(out, progress=not as_json)
    presentation.show_evaluations(found, "the office, a simulated building", out / "report.html", as_json)
    if not as_json:
        typer.echo(next_commands(out))
