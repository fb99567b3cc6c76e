"""What several verbs share: their options, and how they read and refuse what is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tutelage.errors import BadInputError, TrainingDivergedError, TutelageError
from tutelage.files.atomic import held_alone, require_writable_parent

__all__ = [
    "AGAIN",
    "SOURCE",
    "DataDir",
    "Device",
    "Epochs",
    "Epsg",
    "Folds",
    "Json",
    "Level",
    "Minutes",
    "Model",
    "Network",
    "NotHeard",
    "Page",
    "PublicName",
    "Recipe",
    "Resume",
    "Seed",
    "Settings",
    "Source",
    "Teachers",
    "TrainingScans",
    "beside",
    "learning",
    "pairs_of",
    "require_free_or_own",
    "require_writable_file",
    "require_writable_page",
    "stoppable",
]

SOURCE = (
    "a data set's name, your own .csv or .parquet table, GetSensorData log, FIND3 or GeoJSON file or folder "
    "of comford's tables, matrix:FOLDER/PREFIX, or simulated"
)
_SET = "Change a setting of the network, the recipe or knn, such as learning_rate=1e-3; repeatable."
AGAIN = "nothing was written; give the same command again"
_GO_ON = "give the same command with --resume to go on from the last checkpoint"
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Source = Annotated[str, typer.Argument(help=SOURCE)]
TrainingScans = Annotated[
    str, typer.Argument(help=f"Building, of which the training scans are used: {SOURCE}.")
]
Model = Annotated[Path, typer.Argument(help="Model folder.")]
PublicName = Annotated[str, typer.Argument(help="As data list shows it; uji_library:1-3 picks months.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of public data sets (else TUTELAGE_DATA).")]
NotHeard = Annotated[float | None, typer.Option(help="Code for 'not heard' in your own table, such as 100.")]
Epsg = Annotated[
    int | None,
    typer.Option(
        help="EPSG code of x_m and y_m in your own file; of degrees, of the system to project into."
    ),
]
Network = Annotated[
    str, typer.Option(help="A registered network, such as dnn, or NAME:FILE of tune; to teach, also matcher.")
]
Teachers = Annotated[
    list[str] | None,
    typer.Option(
        "--teacher",
        "--teachers",
        help="Teacher file or zoo:NAME (see teachers list), repeatable; none; all of the zoo that fit; "
        "untrained (the control). Of fit also auto: what is clearly best on points held out. Matcher: one.",
    ),
]
Recipe = Annotated[str, typer.Option(help="default, or paper: as published.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=_SET)]
Folds = Annotated[int, typer.Option(min=2, help="Parts of the reference points, held out in turn.")]
Epochs = Annotated[int | None, typer.Option(help="Length of each stage in passes over the data.")]
Minutes = Annotated[float | None, typer.Option(help="Length of the run in minutes, about.")]
Level = Annotated[
    float | None,
    typer.Option(
        help="Share of the true positions that are to lie within the radius, else 0.95; of a .csv file that "
        "does not say, the level at which it was made."
    ),
]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Of every random number: the same seed, the same result.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, ...")]
Page = Annotated[Path | None, typer.Option(help="HTML page to write.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]


@contextmanager
def stoppable(how_to_go_on: str) -> Iterator[None]:
    """Around long work: Ctrl-C ends it with the next step and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True, soft_wrap=True, markup=False).print(f"stopped; {how_to_go_on}")
        raise typer.Exit(130) from None


@contextmanager
def learning(out: Path, *, resume: bool) -> Iterator[Path]:
    """Around learning what is saved as `out`: the folder for its checkpoints, which goes once all is well.

    Raises
    ------
    BadInputError
        If another command is learning the same: each would go on from the other's checkpoints.
    """
    from tutelage.training import clear_checkpoints

    folder = beside(out, "checkpoint")
    there = any(folder.rglob("*.checkpoint"))
    told = Console(stderr=True, soft_wrap=True, markup=False)
    with held_alone(
        out.with_name(f".{out.name}.lock"),
        f"another command is learning {out}; wait until it has ended, or give another --out",
    ):
        if there and not resume:
            told.print(
                f"{folder} of an earlier run is replaced; with --resume this command would go on from it"
            )
        elif resume and not there:
            told.print(f"there is no {folder} to go on from: this run begins at the start")
        try:
            with stoppable(_GO_ON):
                yield folder
        except TrainingDivergedError:
            clear_checkpoints(folder)  # nothing goes on from there
            raise
        clear_checkpoints(folder)


def require_writable_file(out: Path, read: Iterable[str | Path] = ()) -> None:
    """Refuse a file that cannot be written, before any work is done for it.

    Parameters
    ----------
    read : what the command reads, as it was named: a file, a folder, or the name of a data set
    """
    if out.is_dir():
        raise BadInputError(f"{out} is a folder; name a file to write")
    require_writable_parent(out)
    for source in map(str, read):
        if out.exists() and any(_is_of(out, file) for file in _files_of(source)):
            raise BadInputError(f"{out} is read by this command and would be replaced; name another to write")


def require_writable_page(page: Path, read: Iterable[str | Path] = ()) -> None:
    """The same for an HTML page, whose name says what it is."""
    require_writable_file(page, read)
    if page.suffix.lower() not in (".html", ".htm"):
        raise BadInputError(f"{page}: a report is an HTML page; give a name that ends in .html")


def require_free_or_own(out: Path, read: Callable[[Path], object], kind: str) -> None:
    """Refuse to replace a file of the user's that is not of the kind that is written.

    Parameters
    ----------
    read : reads a file of that kind, and raises if it is none
    """
    if not out.exists():
        return
    try:
        read(out)
    except TutelageError as error:
        raise BadInputError(
            f"{out} exists and is no {kind}; name another with --out, nothing was overwritten"
        ) from error


def _files_of(source: str) -> list[Path]:
    """The files behind the name of a data set, as far as they are the user's own."""
    kind, _, prefix = source.partition(":")
    return [*Path(prefix).parent.glob(f"{Path(prefix).name}_*")] if kind == "matrix" else [Path(source)]


def _is_of(out: Path, read: Path) -> bool:
    return read.exists() and (out.samefile(read) or read.resolve() in out.resolve().parents)


def beside(out: Path, suffix: str) -> Path:
    """OUT.SUFFIX in the folder of `out`."""
    return out.with_name(f"{out.name}.{suffix}")


def pairs_of(settings: list[str] | None) -> dict[str, Any]:
    """The settings of --set by name, values as they were typed."""
    pairs: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise BadInputError(f"--set {setting!r}: write NAME=VALUE, such as --set k=10")
        if name in pairs:
            raise BadInputError(f"--set {name} is given twice, as {pairs[name]} and as {value}; keep one")
        pairs[name] = value
    return pairs
