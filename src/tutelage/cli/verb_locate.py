"""The verb that locates scans."""

from __future__ import annotations

import csv
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tutelage.cli.notes import tell_radii_left_out
from tutelage.cli.options import AGAIN, FileReading, Json, ModelFolder, require_writable_file, stoppable, verb
from tutelage.errors import BadInputError

if TYPE_CHECKING:  # only named in signatures
    from tutelage.runtime.judging import Judge
    from tutelage.runtime.positions import Positions

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
    typer.Option(metavar="FILE", help="Write to this .csv or .json file instead of the terminal."),
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


@verb
def locate_command(
    model: ModelFolder,
    scans: _Scans,
    *,
    out: _Out = None,
    level: _Level = 0.95,
    rooms: _Rooms = None,
    reading: FileReading,
    as_json: Json = False,
) -> None:
    """Locate scans: a position and a radius for each scan, or a place, or both.

    Positions are in the coordinates of the survey. They are in degrees too if its EPSG code is known. A place
    comes with its probability, and with the set of places that are possible.

    Example: tutelage locate survey-model scans.csv --out positions.csv
    """
    from tutelage.files.atomic import atomic_file
    from tutelage.runtime.conformal import require_level

    require_level(level)
    _require_out(out, [model, scans], as_json=as_json)
    answering = _Answering.load(model)
    with _file_of(scans) as file:
        queries = answering.read(reading, file)
    outlines = _outlines(rooms) if rooms else None
    with stoppable(AGAIN):
        answers = answering.locate(queries, level=level, progress=not as_json)
    if outlines is not None:
        answers = outlines(answers)
    tell_radii_left_out([(model, answering.judge)], level)
    text = _positions_text(answers, as_json or (out is not None and out.suffix == ".json"))
    if out is None:
        sys.stdout.write(text)
        return
    with atomic_file(out) as beside:
        beside.write_text(text, encoding="utf-8")


class _Answering(NamedTuple):
    """A loaded model: what it learnt about its errors, and how it reads and locates scans."""

    judge: Judge
    read: Callable[[FileReading, Path], Any]
    locate: Callable[..., Positions]

    @classmethod
    def load(cls, path: Path) -> _Answering:
        """Read a model, without PyTorch where the runtime answers as the library does."""
        from tutelage.files.model_folder import read_model_folder
        from tutelage.runtime import Runtime

        runtime = Runtime.of_saved(*read_model_folder(path))
        if runtime is not None:
            known = runtime.access_points
            return cls(runtime.judge, lambda how, file: how.read_scan_rows(file, known), runtime.positions_of)
        from tutelage.localizer import Localizer
        from tutelage.runtime.judging import Judge

        localizer = Localizer.load(path)
        names = localizer.access_points_
        return cls(
            Judge(localizer.calibration_, localizer.place_calibration_),
            lambda how, file: how.read_scans(file, names, with_positions=False),
            localizer.predict,
        )


def _outlines(rooms: Path) -> Callable[[Positions], Positions]:
    """Read outlines of rooms, and give what says in which of them positions lie."""
    from tutelage.data.rooms import answers_in_rooms, read_rooms

    outlines = read_rooms(rooms)
    return lambda answers: answers_in_rooms(answers, outlines)


def _require_out(out: Path | None, inputs: list[Path], *, as_json: bool) -> None:
    """Refuse a file that cannot be written, or that would replace an input."""
    if out is None:
        return
    allowed = (".json",) if as_json else (".csv", ".json")
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


def _positions_text(answers: Positions, as_json: bool) -> str:
    """Write answers as JSON or CSV text; in CSV, a set of places is a JSON list."""
    records = answers.records()
    if as_json:
        return json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    for record in records:
        if "place_set" in record:
            record |= {"place_set": json.dumps(record["place_set"], ensure_ascii=False)}
        writer.writerow(record)
    return text.getvalue()
