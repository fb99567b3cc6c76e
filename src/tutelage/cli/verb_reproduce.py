"""The verb that makes the tables of the paper and of the accuracy page."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.options import Json, stoppable, verb
from tutelage.errors import BadInputError

if TYPE_CHECKING:
    from tutelage.experiments.executors import Executor
    from tutelage.experiments.paper_tables import Request

__all__ = ["reproduce_command"]

_TABLES = (
    "table1 (every method), table2 (each constraint), table3 (which sources), table4 (little data), figure2 "
    "(distributions of errors), appendix_a (weights of the constraints), networks (each on its own), "
    "accuracy, small_maps and small_surveys (with matcher and blend), pipeline (parts of the default recipe) "
    "and framework (options of the teachers), both on held-out training data, or all."
)
_Names = list[str] | None


@dataclass(frozen=True)
class TableParts:
    """Parts of a table."""

    budget: Annotated[str, typer.Option(help="paper, full, standard or quick; else the table's own.")] = ""
    targets: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Buildings to learn; repeatable, or with commas.")
    ] = None
    networks: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Networks; repeatable, or with commas.")
    ] = None
    methods: Annotated[_Names, typer.Option(metavar="NAMES", help="Methods; repeatable, or with commas.")] = (
        None
    )
    sources: Annotated[
        _Names, typer.Option(metavar="NAMES", help="Source buildings; repeatable, or with commas.")
    ] = None
    seeds: Annotated[int, typer.Option(min=0, help="Seeds 0 to N - 1; 0: as the table says.")] = 0

    def request(self) -> Request:
        """Read the names, given one by one or several with commas between."""
        from tutelage.experiments.paper_tables import Request

        names = {what: getattr(self, what) for what in ("targets", "networks", "methods", "sources")}
        lists = {what: _listed(what, given) for what, given in names.items()}
        return Request(self.budget, **lists, n_seeds=self.seeds)


@verb
def reproduce_command(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=_TABLES)],
    parts: TableParts,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Cells at a time, each in a process; else one a processor."),
    ] = None,
    executor: Annotated[str, typer.Option(help="local, or ray (needs the extra ray).")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster to join; else one is started here.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of public data sets (else TUTELAGE_DATA).")
    ] = None,
    finished: Annotated[
        bool, typer.Option("--finished", help="Run nothing: write the pages of the cells that are finished.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a table of the paper with k-NN and the controls; finished cells are kept and never run again."""
    from tutelage.experiments.executors import make_executor

    request = parts.request()
    run_on = make_executor(executor, jobs=jobs or os.cpu_count() or 1, address=address)
    names = _checked_names(table, request, finished=finished)
    making = _Making(out, run_on, data_dir, finished, as_json)
    pages: list[Any] = []
    with stoppable("give the same command again: finished cells are kept"):
        for name in names:
            pages.append(making.page(name, request, is_one_of_all=table == "all"))
            if not as_json:
                typer.echo(pages[-1])
    if as_json:
        typer.echo(json.dumps(pages if table == "all" else pages[0]))


@dataclass(frozen=True)
class _Making:
    """How pages are made."""

    out: Path
    executor: Executor
    data_dir: Path | None
    finished: bool
    as_json: bool

    def page(self, name: str, request: Request, *, is_one_of_all: bool) -> Any:
        """Make a table, or the search of Appendix A, and give its page."""
        from tutelage.experiments.appendix_a import NAME as APPENDIX_A
        from tutelage.experiments.appendix_a import search_weights
        from tutelage.experiments.pages import json_page, markdown_page
        from tutelage.experiments.paper_tables import Request
        from tutelage.experiments.reproduce import reproduce

        progress = not self.as_json
        if name == APPENDIX_A:
            # One search on one target: of a request for all tables it takes the budget alone.
            parts = Request(request.budget) if is_one_of_all else request
            search = search_weights(self.out, self.executor, parts, data_dir=self.data_dir, progress=progress)
            return search.rows() if self.as_json else search.page()
        summary = reproduce(
            name,
            self.out,
            self.executor,
            request,
            data_dir=self.data_dir,
            progress=progress,
            run=not self.finished,
        )
        return json_page(summary) if self.as_json else markdown_page(summary)


def _checked_names(table: str, request: Request, *, finished: bool) -> Sequence[str]:
    """Give the tables to make; what one of them does not have is refused before the first is run."""
    from tutelage.experiments.appendix_a import NAME as APPENDIX_A
    from tutelage.experiments.paper_tables import TABLES, find_table

    if finished and table == APPENDIX_A:
        raise BadInputError(f"--finished is for tables of cells; {APPENDIX_A} is one search")
    every = (*TABLES,) if finished else (*TABLES, APPENDIX_A)
    names = every if table == "all" else (table,)
    if len(names) > 1 and (request.networks or request.methods):
        raise BadInputError("the tables differ in their networks and methods; name a table instead of all")
    for name in names:
        if name != APPENDIX_A:
            find_table(name, request)
    return names


def _listed(what: str, names: list[str] | None) -> tuple[str, ...]:
    listed = tuple(part.strip() for name in names or [] for part in name.split(",") if part.strip())
    if names and not listed:
        raise BadInputError(f"--{what} names nothing; leave it out to take those of the table")
    return listed
