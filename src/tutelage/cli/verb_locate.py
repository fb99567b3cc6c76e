"""The verb that locates scans."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tutelage.cli.answer_files import ANSWER_ENDINGS, answer_writer
from tutelage.cli.console import plain, tell
from tutelage.cli.notes import tell_radii_left_out
from tutelage.cli.options import AGAIN, FileReading, Json, ModelFolder, require_writable_file, stoppable, verb
from tutelage.errors import BadInputError
from tutelage.progress import counted, steps

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.rooms import RoomPolygons
    from tutelage.experiments.executors import Executor
    from tutelage.runtime.judging import Judge
    from tutelage.runtime.positions import Positions
    from tutelage.runtime.scan_rows import ScanRows

__all__ = ["locate_command"]

_Scans = Annotated[
    Path,
    typer.Argument(
        metavar="SCANS",
        help="Scans to locate, such as scans.csv, or - for standard input. Any form that fit reads, and the "
        "output of nmcli, iw, iwlist, netsh and airport; positions are not needed.",
    ),
]

_Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write to this .csv, .json or .parquet file instead of the terminal."),
]

_Level = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        help="Share of the true positions that radii must contain, and of the true places that sets must.",
    ),
]

_Rooms = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Polygons of rooms, in GeoJSON or IMDF: the room in which each position lies."
    ),
]

_ExecutorName = Annotated[
    str, typer.Option(metavar="NAME", help="Where to locate: local, or ray for the parts of a large table.")
]

_Address = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Ray cluster to join. Default: a new one on this machine."),
]


@verb
def locate_command(
    model: ModelFolder,
    scans: _Scans,
    *,
    out: _Out = None,
    level: _Level = 0.95,
    rooms: _Rooms = None,
    reading: FileReading,
    executor: _ExecutorName = "local",
    address: _Address = None,
    as_json: Json = False,
) -> None:
    """Locate scans: a position and a radius for each scan, or a place, or both.

    Positions are in the coordinates of the survey. They are in degrees too if its EPSG code is known. A place
    comes with its probability, and with the set of places that are possible.

    Example: tutelage locate survey-model scans.csv --out positions.csv
    """
    from tutelage.runtime.conformal import require_level

    require_level(level)
    _require_out(out, [model, scans], as_json=as_json)
    run_on = _executor(executor, address)
    answering = _Answering.load(model)
    outlines = _outlines(rooms)
    ending = ".json" if as_json else ".csv" if out is None else out.suffix
    with _file_of(scans) as file, stoppable(AGAIN):
        with steps(progress=not as_json) as show:
            show("reading the scans")
            n_batches, batches = reading.scan_batches(file, answering.access_points)
        is_alone = n_batches == 1 and not as_json
        parts = _answers(batches, answering, level, run_on, progress=is_alone)
        with _destination(out) as beside, answer_writer(beside, ending) as write:
            for answers in counted(parts, n_batches, "locating scans", progress=not as_json):
                write(_in_rooms(answers, outlines).records())
            tell_radii_left_out([(model, answering.judge)], level)


def _executor(name: str, address: str | None) -> Executor | None:
    """Give what locates the parts of a table; None stands for this process."""
    if name == "local" and address is None:
        return None
    from tutelage.experiments.executors import make_executor
    from tutelage.experiments.located_parts import PARTS

    return make_executor(name, jobs=os.cpu_count() or 1, address=address, words=PARTS)


class _Answering(NamedTuple):
    """A loaded model: where it is, what it knows and what it learnt about its errors, and how it locates."""

    folder: Path
    access_points: tuple[str, ...]
    judge: Judge
    locate: Callable[..., Positions]

    @classmethod
    def load(cls, path: Path) -> _Answering:
        """Read a model, without PyTorch where the runtime answers as the library does."""
        from tutelage.files.model_folder import read_model_folder
        from tutelage.runtime import Runtime

        runtime = Runtime.of_saved(*read_model_folder(path))
        if runtime is not None:
            return cls(path, runtime.access_points, runtime.judge, runtime.positions_of)
        from tutelage.data.fingerprints import FingerprintSet
        from tutelage.localizer import Localizer
        from tutelage.runtime.judging import Judge

        localizer = Localizer.load(path)
        return cls(
            path,
            localizer.access_points_,
            Judge(localizer.calibration_, localizer.place_calibration_),
            lambda scans, **how: localizer.predict(FingerprintSet.of_rows(scans), **how),
        )


def _answers(
    batches: Iterable[ScanRows],
    answering: _Answering,
    level: float,
    executor: Executor | None,
    *,
    progress: bool,
) -> Iterator[Positions]:
    """Locate batches one after the other, in this process or wherever the executor does."""
    if executor is None:
        for scans in batches:
            yield answering.locate(scans, level=level, progress=progress)
        return
    from tutelage.experiments.located_parts import located_parts

    yield from located_parts(batches, answering.folder, level, executor, lambda words: tell(plain(words)))


def _outlines(rooms: Path | None) -> RoomPolygons | None:
    if rooms is None:
        return None
    from tutelage.data.rooms import read_rooms

    return read_rooms(rooms)


def _in_rooms(answers: Positions, outlines: RoomPolygons | None) -> Positions:
    if outlines is None:
        return answers
    from tutelage.data.rooms import answers_in_rooms

    return answers_in_rooms(answers, outlines)


@contextmanager
def _destination(out: Path | None) -> Iterator[Path]:
    """Give a file to write to, which then stands at `out` or on standard output as a whole."""
    if out is not None:
        from tutelage.files.atomic import atomic_file

        with atomic_file(out) as beside:
            yield beside
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers")
        yield file
        with file.open(encoding="utf-8", newline="") as text:
            shutil.copyfileobj(text, sys.stdout)


def _require_out(out: Path | None, inputs: list[Path], *, as_json: bool) -> None:
    """Refuse a file that cannot be written, or that would replace an input."""
    if out is None:
        return
    allowed = (".json",) if as_json else ANSWER_ENDINGS
    if out.suffix not in allowed:
        raise BadInputError(f"--out {out}: the name must end in {' or '.join(allowed)}")
    require_writable_file(out, inputs)


@contextmanager
def _file_of(scans: Path) -> Iterator[Path]:
    """Give the file of the scans; for "-", one with what stands on standard input."""
    if str(scans) != "-":
        yield scans
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "standard input")
        file.write_bytes(sys.stdin.buffer.read())
        yield file
