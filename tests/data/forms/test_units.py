"""Units that a user says and a file does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.data.surveys import load
from tutelage.errors import BadInputError

ROWS = "scan_id,x_m,y_m,ap1,ap2\ns1,0,0,{0},{1}\ns2,5,5,{1},{0}\n"


@pytest.mark.parametrize("unit", ["percent", "unsigned"])
def test_readings_below_0_are_in_no_other_unit(tmp_path: Path, unit: str) -> None:
    (tmp_path / "s.csv").write_text(ROWS.format(-50, -70))
    with pytest.raises(BadInputError, match=f"--units rss={unit}: every reading is below 0"):
        load(tmp_path / "s.csv", units=f"rss={unit}")


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
@pytest.mark.parametrize(("unit", "numbers"), [("percent", (100, 60)), ("unsigned", (50, 70))])
def test_readings_in_the_unit_are_turned_into_dbm(
    tmp_path: Path, unit: str, numbers: tuple[int, int]
) -> None:
    (tmp_path / "s.csv").write_text(ROWS.format(*numbers))
    rss_dbm = load(tmp_path / "s.csv", units=f"rss={unit}").train.rss_dbm.toarray()
    assert rss_dbm.tolist() == [[-50, -70], [-70, -50]]
