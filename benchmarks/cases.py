"""research/files.md's table: files that people really had, and what their owners get now.

    python -m benchmarks.cases            # rewrite the block of the page
    python -m benchmarks.cases --check    # exit code 1 if it is stale

The files are read from TUTELAGE_CASES, by default the folder `cases` beside TUTELAGE_DATA, a folder a case.
An owner reads the file. Where a message names an option that mends it, the owner pastes it and reads again.
Then come the warnings of `fit`.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cases_folder import cases_folder
from benchmarks.documented.page_blocks import block_lines, table_lines, with_block
from tutelage.cli.console import counted
from tutelage.data.check import capture_warnings
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning
from tutelage.files.atomic import atomic_file

__all__ = ["PAGE", "case_files", "documented", "outcome"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "research/files.md"
BLOCK = "benchmarks.cases"
_BESIDE = ("_labels.csv", "_readings.csv", "_crd.csv", "_ids.csv", "_tms.csv")  # parts of another file
_OPTION = re.compile(r"--(not-heard|units|columns) ('[^']+'|[^\s;.,()]+(?:[=,.][^\s;.,()]+)*)")
_READS = 3  # of one file; nobody pastes more options


def case_files(folder: Path) -> list[str]:
    """Return the files of all cases that are read for themselves, relative to the folder."""
    files = (file.relative_to(folder) for file in sorted(folder.glob("*/**/*")) if file.is_file())
    return [str(file) for file in files if file.name != "README" and not file.name.endswith(_BESIDE)]


def outcome(file: Path) -> str:
    """Say what the owner of a file gets."""
    source: str | Path = file
    if file.name.endswith("_rss.csv"):
        source = f"matrix:{file.with_name(file.name.removesuffix('_rss.csv'))}"
    options: dict[str, Any] = {}
    for _ in range(_READS):
        try:
            return _with_options(options, _learnt(source, options))
        except BadInputError as error:
            message = str(error)
        pasted = _option(message, options)
        if pasted is None:
            break
        options |= pasted
    try:
        return f"to locate: {_located(file, options)}; to learn from: {_plain(message, file)}"
    except BadInputError:
        return f"refused: {_plain(message, file)}"


def _with_options(options: dict[str, Any], read: str) -> str:
    pasted = " ".join(f"--{name.replace('_', '-')} '{value}'" for name, value in options.items())
    return f"told to pass `{pasted}`, then {read}" if pasted else read


def _option(message: str, options: dict[str, Any]) -> dict[str, str] | None:
    """Return the first option that a message names, and that was not tried."""
    if (
        "or are all scans of one place" in message
    ):  # then the option is one of two answers, and only the owner knows
        return None
    for name, value in _OPTION.findall(message):
        key = name.replace("-", "_")
        if key not in options and "..." not in value:
            return {key: value.strip("'")}
    return None


def _learnt(source: str | Path, options: dict[str, Any]) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        survey = load(source, **options)
    scans = survey.train
    read = (
        f"{counted(len(scans), 'scan')}, {counted(scans.n_access_points, 'access point')}, {_places(scans)}"
    )
    warned = (f"**warned**: {_plain(finding.message, Path())}" for finding in capture_warnings(scans))
    return "; ".join([read, *_notes(caught, source), *warned])


def _places(scans: FingerprintSet) -> str:
    said = []
    if scans.position_m is not None:
        said = [f"{len({tuple(place) for place in scans.position_m.round(3).tolist()})} places"]
    if scans.place is not None:
        said += [counted(len(set(scans.place.tolist()) - {""}), "named place")]
    return ", ".join(said)


def _located(file: Path, options: dict[str, Any]) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scans = read_scans(file, with_positions=False, **options)
    counts = f"{counted(len(scans), 'scan')}, {counted(scans.n_access_points, 'access point')}"
    return "; ".join([counts, *_notes(caught, file)])


def _notes(caught: list[warnings.WarningMessage], source: str | Path) -> Iterator[str]:
    for each in caught:
        if issubclass(each.category, (LeftOutWarning, ReadAsWarning)):
            yield _plain(str(each.message), Path(str(source).removeprefix("matrix:")))


def _plain(message: str, file: Path) -> str:
    """Return a message without the folder of its file, as it fits into a cell of a table."""
    short = message.replace(f"{file}: ", "").replace(f"{file}, ", "").replace(f"{file.parent}/", "")
    return " ".join(short.replace("|", "\\|").replace("<=", "&le;").split())


def documented() -> dict[str, str]:
    """Return what the page says of each file."""
    lines = block_lines(PAGE.read_text(encoding="utf-8"))[BLOCK][2:]
    cells = (re.split(r"(?<!\\)\|", line.strip("| ")) for line in lines)
    return {file.strip(" `"): said.strip() for file, said in cells}


def main() -> int:
    """Write the table, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    folder = cases_folder()
    if folder is None:
        raise SystemExit("no folder of cases; set TUTELAGE_CASES")
    rows = [(f"`{name}`", outcome(folder / name)) for name in case_files(folder)]
    lines = table_lines(("file", "what its owner gets"), rows)
    page = PAGE.read_text(encoding="utf-8")
    if parser.parse_args().check:
        return int(block_lines(page)[BLOCK] != lines)
    with atomic_file(PAGE) as beside:
        beside.write_text(with_block(page, BLOCK, lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
