"""Files with a few bytes changed: read, or refused with an error of Tutelage's own."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from tutelage.data.check import check_survey
from tutelage.data.surveys import load, read_scans
from tutelage.errors import TutelageError

PIECES = [
    b'"',
    b"null",
    b";",
    b",",
    b"{",
    b"]",
    b"-",
    b"1e999",
    b"9" * 25,
    b"NaN",
    b"\x00",
    b"\xff",
    b"\n",
    b"",
]
FILES = ["walk.txt", "home.jsons", "home_labels.csv", "corridor.geojson"]
FILES += [f"comford/{name}.csv" for name in ("Samples", "RSSI", "APs")]


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused(made: Path, name: str) -> None:
    generator = random.Random(name)
    sound = (made / name).read_bytes()
    survey = made / ("home.jsons" if name.startswith("home") else name.partition("/")[0])
    n_refused = 0
    for _ in range(15):
        begin = generator.randrange(len(sound))
        length = generator.randint(0, 6)
        (made / name).write_bytes(sound[:begin] + generator.choice(PIECES) + sound[begin + length :])
        for read in (load, read_scans, check_survey):
            with suppress(TutelageError):
                read(survey)
                continue
            n_refused += 1
    assert n_refused > 0
