"""Changed copies of real files: read, or refused in words; and the kinds of fault that were found so.

`python -m benchmarks.fuzz SEED SECONDS` tries for as long as wanted.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.fuzz import fuzz

from tutelage.data.check import check_survey
from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError


@pytest.mark.parametrize("seed", [1, 2])
def test_a_changed_file_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    findings = fuzz(seed, 20.0, tmp_path, n_most=25)
    assert findings.counts["refused"] > 0
    assert findings.faults == {}


def test_numbers_where_text_is_looked_for(tmp_path: Path) -> None:
    table = pa.table(
        {"scan_id": [1.0, 2.5], "x_m": [0.0, 3.0], "y_m": [0.0, 1.0], "floor": [0, 1], "ap1": [-50, -60]}
    )
    pq.write_table(table.append_column("split", pa.array([1, 2])), tmp_path / "a.parquet")
    with pytest.raises(BadInputError, match="'1' is no split"):
        load(tmp_path / "a.parquet")
    assert "unknown_split" in {finding.code for finding in check_survey(tmp_path / "a.parquet").findings}
    pq.write_table(table, tmp_path / "b.parquet")
    assert read_scans(tmp_path / "b.parquet").scan_id.tolist() == ["1", "2.5"]


@pytest.mark.parametrize("read", [load, read_scans, check_survey])
def test_two_columns_of_one_name(tmp_path: Path, read: object) -> None:
    (tmp_path / "a.csv").write_text("scan_id,x_m,y_m,ap1,ap1\ns,0,0,-50,-60\nt,1,1,-50,-60\n")
    columns = [
        pa.array(["s", "t"]),
        pa.array([0, 1]),
        pa.array([0, 1]),
        pa.array([-50, -51]),
        pa.array([-50, -51]),
    ]
    pq.write_table(
        pa.Table.from_arrays(columns, names=["scan_id", "x_m", "y_m", "ap1", "ap1"]), tmp_path / "a.parquet"
    )
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(BadInputError, match=r"column ap1: the column appears twice"):
            read(tmp_path / name)  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    ['scan_id,x_m,y_m,ap1\ns,0,0,"-50\nt,1,1,"-60\n', 'scan_id,x_m,y_m,ap1\ns,0,0,-50\n"t\n",1,1,-60\n'],
)
def test_a_line_break_inside_quotes(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(
        BadInputError, match=r"runs over several lines; close the quote|cells, the header has"
    ):
        load(tmp_path / "a.csv")
