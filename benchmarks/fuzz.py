"""Read changed copies of real files: whatever ends otherwise than read, or refused in words, is a fault.

    python -m benchmarks.fuzz SEED SECONDS [FOLDER]     inputs that fail are kept in FOLDER

Files are those of TUTELAGE_CASES and of tests/data/forms/made. The exit code is 1 if there is a fault.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import random
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases_folder import cases_folder
from tutelage.data.check import check_survey
from tutelage.data.surveys import load, read_scans
from tutelage.errors import TutelageError

__all__ = ["Findings", "changed", "fuzz", "real_files"]

ROOT = Path(__file__).parents[1]
_LARGEST = 70_000  # bytes; changes of larger files mean the same and take longer
_SLOW_S = 20
_ENDINGS = (".csv", ".json", ".jsons", ".geojson", ".txt", ".parquet", ".log", ".xlsx", ".gz", ".zip")
_PIECES = (
    *(b"", b"nan", b"inf", b"-inf", b"1e999", b"100", b"0", b"-110", b"-1", b'"', b"\n", b"\r", b",", b";"),
    *(
        b"\x00",
        b"\xff\xfe",
        b"9" * 400,
        b"-",
        b"NaN",
        b'"a\nb"',
        b"2024-13-45",
        b"0x10",
        b"{",
        b"}",
        b"[",
        b"null",
    ),
    *(
        b"true",
        b"\xe2\x88\x92",
        b"\t",
        b"#",
        b"sep=;\n",
        b"x_m",
        b"lat",
        b"room",
        b"scan_id",
        b"bssid",
        b"rssi",
        b"time",
        b":",
    ),
)


@dataclass
class Findings:
    """What became of the inputs.

    Parameters
    ----------
    counts : Counter
        Inputs that were tried, read, refused, and at fault.
    faults : dict of str to bytes
        The first input of each kind of fault.
    """

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: dict[str, bytes] = field(default_factory=dict)


class _SlowError(Exception):
    """An input that takes too long."""


def real_files() -> list[Path]:
    """Return the files to change."""
    folders = [ROOT / "tests/data/forms/made", *filter(None, [cases_folder()])]
    files = (file for folder in folders for file in sorted(folder.rglob("*")))
    return [
        file for file in files if file.is_file() and file.name != "README" and file.stat().st_size < _LARGEST
    ]


def changed(data: bytes, generator: random.Random) -> bytes:
    """Return a copy with a few changes: pieces put in, cut, doubled; bytes, lines and cells changed."""
    copy = bytearray(data)
    for _ in range(generator.choice([1, 1, 2, 4, 16])):
        kind = generator.random()
        at = generator.randrange(len(copy) + 1)
        if kind < 0.3:
            copy[at:at] = generator.choice(_PIECES)
        elif kind < 0.5:
            del copy[at : at + generator.choice([1, 1, 5, 50, 500])]
        elif kind < 0.65 and copy:
            other = generator.randrange(len(copy))
            copy[at:at] = copy[other : other + generator.choice([5, 50, 300])]
        elif kind < 0.8 and copy:
            copy[generator.randrange(len(copy))] = generator.randrange(256)
        else:
            mark = b"\n" if kind < 0.9 else b","
            parts = bytes(copy).split(mark)
            if kind < 0.9:
                generator.shuffle(parts)
            else:
                parts[generator.randrange(len(parts))] = generator.choice(_PIECES)
            copy = bytearray(mark.join(parts))
    return bytes(copy)


def fuzz(seed: int, seconds: float, folder: Path, n_most: int | None = None) -> Findings:
    """Read changed files until the time is over.

    Parameters
    ----------
    seed : int
        Seed of the changes.
    seconds : float
        How long.
    folder : Path
        Where the changed file stands.
    n_most : int, optional
        Largest number of inputs.

    Returns
    -------
    Findings
        The faults.
    """
    generator = random.Random(seed)
    sound = [(file.suffix or ".csv", file.read_bytes()) for file in real_files()]
    findings = Findings()
    end = time.monotonic() + seconds
    while time.monotonic() < end and (n_most is None or findings.counts["tried"] < n_most):
        ending, data = generator.choice(sound)
        data = changed(data, generator)
        ending = ending if generator.random() < 0.8 else generator.choice(_ENDINGS)
        file = folder / f"input{ending}"
        file.write_bytes(data)
        findings.counts["tried"] += 1
        kind = _fault(file, findings.counts)
        if kind is not None:
            findings.counts["at fault"] += 1
            findings.faults.setdefault(kind, data)
        file.unlink()
    return findings


def _fault(file: Path, counts: collections.Counter[str]) -> str | None:
    """Return the kind of fault of a file, None if it is read or refused."""
    was_read = False
    for read in (load, read_scans, check_survey):
        try:
            with warnings.catch_warnings(), _at_most(_SLOW_S):
                warnings.simplefilter("ignore")
                read(file)
            was_read = True
        except TutelageError:
            continue
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:120]}"
    counts["read" if was_read else "refused"] += 1
    return None


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _SlowError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Print the counts and each kind of fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("folder", type=Path, nargs="?")
    given = parser.parse_args()
    kept = given.folder or Path(tempfile.mkdtemp())
    kept.mkdir(parents=True, exist_ok=True)
    findings = fuzz(given.seed, given.seconds, kept)
    print(dict(findings.counts))
    for number, (kind, data) in enumerate(findings.faults.items()):
        (kept / f"fault{number}").write_bytes(data)
        print(kind, kept / f"fault{number}")
    return int(bool(findings.faults))


if __name__ == "__main__":
    raise SystemExit(main())
