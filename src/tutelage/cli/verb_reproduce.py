"""The verb that makes the tables of the paper and of the accuracy page."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli.options import DataDir, Json, stoppable, verb
from tutelage.errors import BadInputError

if TYPE_CHECKING:
    from tutelage.experiments.executors import Executor
    from tutelage.experiments.paper_tables import Request

__all__ = ["reproduce_command"]

_TABLES = (
    "Of the paper: table1, table2, table3, table4, figure2 or appendix_a. Of Tutelage: accuracy, small_maps, "
    "small_surveys, networks, pipeline, framework, shares or generators. Or all."
)
_HOW_TO_LIST = "Repeatable, or with commas."
_Names = list[str] | None


@dataclass(frozen=True)
class TableParts:
    """Parts of a table."""

    budget: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="How long networks train: quick, standard, full or paper. Default: as the table says.",
        ),
    ] = ""
    targets: Annotated[
        _Names, typer.Option(metavar="NAMES", help=f"Buildings to fit models to. {_HOW_TO_LIST}")
    ] = None
    networks: Annotated[
        _Names, typer.Option(metavar="NAMES", help=f"Networks to compare. {_HOW_TO_LIST}")
    ] = None
    methods: Annotated[_Names, typer.Option(metavar="NAMES", help=f"Methods to compare. {_HOW_TO_LIST}")] = (
        None
    )
    sources: Annotated[
        _Names,
        typer.Option(
            metavar="NAMES", help=f"Buildings that teachers or a transfer learn from. {_HOW_TO_LIST}"
        ),
    ] = None
    seeds: Annotated[int, typer.Option(min=0, metavar="N", help="Use N seeds. 0: as the table says.")] = 0

    def request(self) -> Request:
        """Read the names, given one by one or several with commas between."""
        from tutelage.experiments.paper_tables import Request

        names = {what: getattr(self, what) for what in ("targets", "networks", "methods", "sources")}
        lists = {what: _listed(what, text) for what, text in names.items()}
        return Request(self.budget, **lists, n_seeds=self.seeds)


_Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Cells that run at the same time. Default: the number of processors."
    ),
]


@verb
def reproduce_command(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=_TABLES)],
    parts: TableParts,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Write the results here.")] = Path("results"),
    jobs: _Jobs = None,
    executor: Annotated[str, typer.Option(metavar="NAME", help="local, or ray.")] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Ray cluster to join. Default: a new one on this machine."),
    ] = None,
    data_dir: DataDir = None,
    finished: Annotated[
        bool, typer.Option("--finished", help="Run nothing. Write the pages from the finished cells.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a table of the paper, or of the accuracy page, with k-NN and the controls.

    Finished cells are kept and never run again.

    Example: tutelage reproduce table1 --budget quick
    """
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
        """Make a table, the search of Appendix A or the comparison of generators, and give its page."""
        from tutelage.experiments.appendix_a import NAME as APPENDIX_A
        from tutelage.experiments.appendix_a import search_weights
        from tutelage.experiments.generators import NAME as GENERATORS
        from tutelage.experiments.generators import compare_generators
        from tutelage.experiments.pages import json_page, markdown_page
        from tutelage.experiments.paper_tables import Request
        from tutelage.experiments.reproduce import reproduce

        where = self.out, self.executor
        how: dict[str, Any] = {"data_dir": self.data_dir, "progress": not self.as_json}
        # These two have no targets, or one: of a request for all tables they take the budget alone.
        parts = Request(request.budget) if is_one_of_all else request
        if name == APPENDIX_A:
            search = search_weights(*where, parts, **how)
            return search.rows() if self.as_json else search.page()
        if name == GENERATORS:
            comparison = compare_generators(*where, parts, **how, run=not self.finished)
            return comparison.plain() if self.as_json else comparison.markdown()
        summary = reproduce(name, *where, request, **how, run=not self.finished)
        return json_page(summary) if self.as_json else markdown_page(summary)


def _checked_names(table: str, request: Request, *, finished: bool) -> Sequence[str]:
    """Give the tables to make; what one of them does not have is refused before the first is run."""
    from tutelage.experiments.appendix_a import NAME as APPENDIX_A
    from tutelage.experiments.generators import NAME as GENERATORS
    from tutelage.experiments.paper_tables import TABLES, find_table

    if finished and table == APPENDIX_A:
        raise BadInputError(f"--finished is for tables of cells; {APPENDIX_A} is one search")
    every = (*TABLES, GENERATORS) if finished else (*TABLES, APPENDIX_A, GENERATORS)
    names = every if table == "all" else (table,)
    if len(names) > 1 and (request.networks or request.methods):
        raise BadInputError("the tables differ in their networks and methods; name a table instead of all")
    for name in names:
        if name not in (APPENDIX_A, GENERATORS):
            find_table(name, request)
    return names


def _listed(what: str, names: list[str] | None) -> tuple[str, ...]:
    listed = tuple(part.strip() for name in names or [] for part in name.split(",") if part.strip())
    if names and not listed:
        raise BadInputError(f"--{what} names nothing; leave it out to take those of the table")
    return listed
