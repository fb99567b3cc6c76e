"""Read files that people really have, written in other ways: no wrong result may come without a word.

    python -m benchmarks.variations N [--seed 0]      the exit code is 1 if there is a fault

Files are those of TUTELAGE_CASES that are read. Hypothesis draws a file, up to four changes, and how its text
is kept. The law:

- A change that changes no reading, no place and no time changes none when the file is read, or the file is
  refused in words.
- Where scans or readings are cut or doubled, what is read is what is left, or the file is refused or told of.
  Of a file that ends in the middle, one scan may be cut short.
- Where a unit or code changes and no option says so, the file is refused or told of. Feet, pixels, a code
  that few cells hold, and units of fewer than ten scans cannot be known: these are read as they are written.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import io
import random
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from benchmarks.cases import case_files, documented
from benchmarks.cases_folder import cases_folder
from benchmarks.varied.contents import (
    Content,
    as_written,
    at_most_as_strong,
    content_of,
    difference,
    is_part,
)
from benchmarks.varied.records import RECORD_CHANGES, VariedRecords
from benchmarks.varied.table_changes import TABLE_CHANGES
from benchmarks.varied.tables import VariedTable
from benchmarks.varied.varied_text import UnchangedText, VariedText
from tutelage.data.check import capture_warnings
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.surveys import load, read_scans
from tutelage.errors import LeftOutWarning, ReadAsWarning, TutelageError
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["Variation", "outcome_of", "variations", "varied_files"]

_OPTION = re.compile(r"--([a-z-]+) '([^']+)'")
_MOST_CHANGES = 4
_FEW_SCANS = 10  # of fewer, nobody can tell centimetres from metres
_CUTS = ("cut in the middle", "last lines gone")


class Reading(NamedTuple):
    """What a file gives.

    Attributes
    ----------
    scans : FingerprintSet
        Its scans.
    told : frozenset of str
        What is said of it.
    """

    scans: FingerprintSet
    told: frozenset[str]


class Variation(NamedTuple):
    """A file written in another way.

    Attributes
    ----------
    name : str
        File, relative to the folder of cases.
    changes : tuple of (str, int)
        Names of changes, each with the seed of what it draws.
    kept : str
        How the text is kept: one of `WRAPPINGS`.
    """

    name: str
    changes: tuple[tuple[str, int], ...]
    kept: str


def _zipped(data: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("survey.csv", data)
    return archive.getvalue()


WRAPPINGS: dict[str, tuple[str | None, Callable[[str], bytes]]] = {
    "as it is": (None, str.encode),
    "CRLF": (None, lambda text: text.replace("\n", "\r\n").encode()),
    "CR": (None, lambda text: text.replace("\n", "\r").encode()),
    "byte order mark": (None, lambda text: text.encode("utf-8-sig")),
    "UTF-16": (None, lambda text: text.encode("utf-16")),
    "no last line end": (None, lambda text: text.rstrip("\n").encode()),
    "blank lines at the end": (None, lambda text: f"{text}\n\n".encode()),
    "cut in the middle": (None, lambda text: text[: 3 * len(text) // 5].encode()),
    "last lines gone": (None, lambda text: text[: text.rfind("\n", 0, len(text) // 2) + 1].encode()),
    "txt": (".txt", str.encode),
    "no ending": ("", str.encode),
    "gz": (".gz", lambda text: gzip.compress(text.encode())),
    "zip": (".zip", lambda text: _zipped(text.encode())),
}


@dataclass(frozen=True)
class _Sound:
    """A file as it is, and what is read from it."""

    text: str
    options: dict[str, str]
    is_located: bool
    reading: Reading
    beside: tuple[Path, ...]

    @cached_property
    def content(self) -> Content:
        return content_of(self.reading.scans)

    def varied(self, changes: Sequence[tuple[str, int]]) -> VariedText:
        """Change the text; each change has the seed of what it draws."""
        whole = (self.text, self.reading.scans, self.options)
        varied = (VariedRecords.of(*whole) or VariedTable.of(*whole)) if changes else None
        for name, number in changes:
            if isinstance(varied, VariedTable):
                TABLE_CHANGES[name](varied, random.Random(number))
            elif isinstance(varied, VariedRecords):
                RECORD_CHANGES[name](varied, random.Random(number))
        return varied or UnchangedText(original=whole[0], scans=whole[1], options=whole[2])

    @cached_property
    def changes(self) -> list[str]:
        """Names of changes that it can take."""
        whole = (self.text, self.reading.scans, self.options)
        if VariedRecords.of(*whole):
            return [*RECORD_CHANGES]
        return [*TABLE_CHANGES] if VariedTable.of(*whole) else []


@cache
def varied_files() -> dict[str, _Sound]:
    """Return the files to vary, by name."""
    folder = cases_folder()
    assert folder is not None, "no folder of cases; set TUTELAGE_CASES"
    said = documented()
    files = {}
    for name in case_files(folder):
        if said[name].startswith("refused") or name.endswith((".gz", "_rss.csv")):
            continue
        data = (folder / name).read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        told = said[name].partition("then ")[0] if said[name].startswith("told to pass") else ""
        options = {key.replace("-", "_"): value for key, value in _OPTION.findall(told)}
        is_located = not said[name].startswith("to locate")
        path = folder / name
        beside = tuple(each for each in path.parent.glob(f"{path.stem}_*") if each.is_file())
        reading = _read(path, options, is_located=is_located)
        files[name] = _Sound("\n".join(text.splitlines()) + "\n", options, is_located, reading, beside)
    return files


def variations() -> st.SearchStrategy[Variation]:
    """Return a strategy that draws a file and its changes."""
    return st.sampled_from([*varied_files()]).flatmap(_variations_of)


def _variations_of(name: str) -> st.SearchStrategy[Variation]:
    file = varied_files()[name]
    names = file.changes
    change = st.tuples(st.sampled_from(names), st.integers(0, 999)) if names else st.nothing()
    changes = st.lists(change, max_size=_MOST_CHANGES if names else 0).map(tuple)
    kept = [key for key, (ending, _) in WRAPPINGS.items() if ending is None or not file.beside]
    return st.builds(Variation, st.just(name), changes, st.sampled_from(kept))


def outcome_of(variation: Variation) -> str:
    """Read a file written in another way.

    Parameters
    ----------
    variation : Variation
        The file and its changes.

    Returns
    -------
    str
        "same", "part", "as written", "refused" or "told".

    Raises
    ------
    AssertionError
        If what is read is wrong and nothing is said.
    """
    file = varied_files()[variation.name]
    varied = file.varied(variation.changes)
    ending, encode = WRAPPINGS[variation.kept]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(variation.name).name)
        if ending is not None:
            path = path.with_suffix(path.suffix + ending if ending in (".gz", ".zip") else ending)
        path.write_bytes(encode(varied.text))
        for each in file.beside:
            Path(folder, each.name).write_bytes(each.read_bytes())
        try:
            reading = _read(path, varied.options, is_located=file.is_located)
        except TutelageError:
            return "refused"
    return _judged(file, reading, varied, is_cut=variation.kept in _CUTS)


def _judged(file: _Sound, reading: Reading, varied: VariedText, *, is_cut: bool) -> str:
    rows = range(len(file.content)) if varied.rows is None else varied.rows
    wanted = [at_most_as_strong(file.content[i], varied.strongest_dbm) for i in rows]
    read = content_of(reading.scans)
    if not varied.has_ids:
        wanted, read = ([{**scan, "id": ""} for scan in each] for each in (wanted, read))
    fault = difference(wanted, read)
    if fault is None:
        return "same"
    literal = wanted
    if varied.written is not None and not (varied.must_be_told and len(read) >= _FEW_SCANS):
        names = [normalised_name(name) for name in file.reading.scans.access_points]
        literal = as_written(wanted, varied.written, names)
    n_strange = sum(not any(is_part(scan, whole) for whole in literal) for scan in read)
    if is_cut and n_strange <= 1:  # the last scan may end within a cell
        return "part"
    if varied.is_part and varied.rows is None and not n_strange:
        return "part"
    if literal is not wanted and difference(literal, read) is None:
        return "as written"
    told = reading.told - file.reading.told
    is_changed = is_cut or varied.is_part or varied.is_unsaid or len(wanted) != len(file.content)
    if not is_changed or not told:
        raise AssertionError(f"{fault}; told: {[*told]}")
    return "told"


def _read(path: Path, options: dict[str, Any], *, is_located: bool) -> Reading:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if is_located:
            scans = load(path, **options).train
        else:
            scans = read_scans(path, with_positions=False, **options)
    told = [
        str(each.message) for each in caught if issubclass(each.category, (LeftOutWarning, ReadAsWarning))
    ]
    found = capture_warnings(scans) if is_located else []
    words = [*told, *(finding.message for finding in found)]
    return Reading(scans, frozenset(each.replace(str(path), "FILE") for each in words))


# -- many ------------------------------------------------------------------------------------------


def _fewest_changes(variation: Variation) -> tuple[Variation, str] | None:
    """Return a fault with as few changes as show it, and its words; None if there is no fault."""
    try:
        outcome_of(variation)
    except AssertionError as fault:
        for i in range(len(variation.changes)):
            fewer = _fewest_changes(
                variation._replace(changes=variation.changes[:i] + variation.changes[i + 1 :])
            )
            if fewer is not None:
                return fewer
        return variation, str(fault)
    return None


def main() -> int:
    """Count what becomes of the variations, and print each kind of fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("n", type=int, help="number of variations")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    tried: set[Variation] = set()
    faults: dict[tuple[str, ...], tuple[Variation, str]] = {}

    @seed(asked.seed)
    @settings(max_examples=asked.n, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(variations())
    def attempt(variation: Variation) -> None:
        tried.add(variation)
        try:
            counts[outcome_of(variation)] += 1
        except AssertionError:
            counts["fault"] += 1
            fewest = _fewest_changes(variation)
            assert fewest is not None
            kind = (*(name for name, _ in fewest[0].changes), fewest[0].kept)
            faults.setdefault((fewest[0].name, *kind), fewest)

    attempt()
    print(f"{len(tried)} different variations:", dict(counts))
    for variation, words in faults.values():
        print(variation, words[:600], sep="\n    ")
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
