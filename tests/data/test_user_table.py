"""A user's own tables: what is read, and what each mistake is told."""

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.user_table import read_scans, read_user_table
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning

WIDE = """\
scan_id,x_m,y_m,floor,building,device,user,time,ap1,ap2,ap3
s1,100.5,200,3,B,phone,ann,2024-05-01T09:30:00,-50,,-70
s2,104.5,203,3,B,phone,ann,2024-05-01T09:30:05,-55.5,-90,
s3,101.5,207,4,B,tablet,,,,,-65
"""
SCANS_AT_ONE_POINT = "scan_id,x_m,y_m,ap1\ns1,5,6,-50\ns2,5,6,-51\n"
SCANS = "scan_id,x_m,y_m\ns1,0,0\ns2,4,3\ns3,1,7\n"
READINGS = "scan_id,ap,rss_dbm\ns2,b,-60\ns1,b,-70\ns2,a,-50\n"


def written(folder: Path, text: str | bytes, name: str = "map.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def wide(*cells: str, columns: str = "ap1,ap2") -> str:
    """Sound scans at different places, with the given cells appended."""
    rows = [f"s{i},{i},{i % 3},{appended}" for i, appended in enumerate(cells)]
    return "\n".join([f"scan_id,x_m,y_m,{columns}", *rows]) + "\n"


def refusal(path: Path, **options: Any) -> BadInputError:
    with pytest.raises(BadInputError) as caught:
        read_user_table(path, **options)
    assert caught.value.file is not None
    assert Path(caught.value.file).parent == path.parent
    return caught.value


# -- what is read ---------------------------------------------------------------------------------


def test_wide_table_gives_readings_positions_and_labels(tmp_path: Path) -> None:
    survey = read_user_table(written(tmp_path, WIDE), ReadOptions(epsg=3067))
    train = survey.train
    assert (survey.name, survey.test, train.access_points) == ("map", None, ("ap1", "ap2", "ap3"))
    assert train.n_heard.tolist() == [2, 2, 1]
    np.testing.assert_array_equal(train.rss_dbm.toarray(), [[-50, 0, -70], [-55.5, -90, 0], [0, 0, -65]])
    np.testing.assert_array_equal(train.absolute_position_m, [[100.5, 200], [104.5, 203], [101.5, 207]])
    assert (train.frame.origin_m, train.frame.epsg) == ((100.0, 200.0), 3067)
    assert train.floor is not None
    assert train.device is not None
    assert train.user is not None
    assert train.time is not None
    assert train.floor.tolist() == ["3", "3", "4"]
    assert train.device.tolist() == ["phone", "phone", "tablet"]
    assert train.user.tolist() == ["ann", "ann", ""]
    assert train.time.astype(str).tolist() == ["2024-05-01T09:30:00.000", "2024-05-01T09:30:05.000", "NaT"]


def test_whole_numbers_are_one_label_however_they_are_written(tmp_path: Path) -> None:
    labels = ("3.0", "3", "-1.00", "2.5", "G.0", "", "10.0")
    text = "scan_id,x_m,y_m,floor,ap1\n" + "".join(
        f"s{i},{i},{i % 3},{f},-50\n" for i, f in enumerate(labels)
    )
    floor = read_user_table(written(tmp_path, text)).train.floor
    assert floor is not None
    assert floor.tolist() == ["3", "3", "-1", "2.5", "G.0", "", "10"]


def test_table_with_spaces_byte_order_mark_and_windows_line_ends_reads_the_same(tmp_path: Path) -> None:
    spaced = "\ufeff" + WIDE.replace(",", " , ").replace("\n", "\r\n") + "\r\n\r\n"
    plain = read_user_table(written(tmp_path, WIDE)).train
    assert read_user_table(written(tmp_path, spaced)).train.content_hash() == plain.content_hash()


def test_parquet_reads_as_the_csv_does(tmp_path: Path) -> None:
    path = written(tmp_path, WIDE)
    pq.write_table(pa_csv.read_csv(path), tmp_path / "map.parquet")
    one = read_user_table(path).train
    other = read_user_table(tmp_path / "map.parquet").train
    assert one.content_hash() == other.content_hash()
    assert one.floor is not None
    assert other.floor is not None
    assert one.floor.tolist() == other.floor.tolist()
    np.testing.assert_array_equal(one.time, other.time)


def test_declared_code_is_not_heard(tmp_path: Path) -> None:
    path = written(tmp_path, wide("-50,100", "100,100", "-60,-61", ",-70"))
    assert read_user_table(path, ReadOptions.of(not_heard=100)).train.n_heard.tolist() == [1, 0, 2, 1]


def test_zero_dbm_stays_a_reading_where_it_is_rare(tmp_path: Path) -> None:
    train = read_user_table(written(tmp_path, wide("0,-50", ",-51", ",-52", ",-53"))).train
    assert train.n_heard.tolist() == [2, 1, 1, 1]


def test_split_column_separates_test_scans_in_the_frame_of_training(tmp_path: Path) -> None:
    text = "scan_id,x_m,y_m,split,ap1\ns1,50,60,train,-50\ns2,10,20,test,-60\ns3,55,66,train,\n"
    survey = read_user_table(written(tmp_path, text))
    assert survey.train.scan_id.tolist() == ["s1", "s3"]
    assert survey.test is not None
    assert survey.test.scan_id.tolist() == ["s2"]
    assert survey.train.frame == survey.test.frame
    assert survey.train.frame.origin_m == (50.0, 60.0)
    assert survey.train.access_points == survey.test.access_points == ("ap1",)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_long_form_reads_the_readings_beside(tmp_path: Path, suffix: str) -> None:
    paths = [written(tmp_path, SCANS), written(tmp_path, READINGS, "map_readings.csv")]
    for path in paths:
        pq.write_table(pa_csv.read_csv(path), path.with_suffix(".parquet"))
    train = read_user_table(tmp_path / f"map{suffix}").train
    assert train.access_points == ("a", "b")
    assert train.n_heard.tolist() == [1, 2, 0]
    np.testing.assert_array_equal(train.rss_dbm.toarray(), [[0, -70], [-50, -60], [0, 0]])


def test_long_form_leaves_out_the_declared_code(tmp_path: Path) -> None:
    written(tmp_path, READINGS.replace("-60", "100"), "map_readings.csv")
    assert read_user_table(
        written(tmp_path, SCANS), ReadOptions.of(not_heard=100)
    ).train.n_heard.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1714555800", "1714555800.25"), ("2024-05-01T09:30:00.000", "2024-05-01T09:30:00.250")),
        (("2024-05-01 09:30", "2024-05-02"), ("2024-05-01T09:30:00.000", "2024-05-02T00:00:00.000")),
        (("2024-05-01T09:30:00Z", "2024-05-01T11:30:00+02:00"), ("2024-05-01T09:30:00.000",) * 2),
    ],
)
def test_time_is_read_from_unix_seconds_and_iso(
    tmp_path: Path, cells: tuple[str, str], expected: tuple[str, str]
) -> None:
    text = f"scan_id,x_m,y_m,time,ap1\ns1,0,0,{cells[0]},-50\ns2,1,1,{cells[1]},-50\n"
    time = read_user_table(written(tmp_path, text)).train.time
    assert time is not None
    assert time.astype(str).tolist() == list(expected)


def test_scans_without_positions_are_read_for_locating(tmp_path: Path) -> None:
    path = written(tmp_path, "scan_id,split,ap1\nq1,later,-50\n")
    scans = read_scans(path)
    assert (len(scans), scans.position_m, scans.access_points) == (1, None, ("ap1",))
    assert read_scans(written(tmp_path, "scan_id,x_m,y_m,ap1\nq1,,,-50\n")).position_m is None


def test_scans_with_truth_keep_it(tmp_path: Path) -> None:
    np.testing.assert_array_equal(
        read_scans(written(tmp_path, WIDE)).absolute_position_m, [[100.5, 200], [104.5, 203], [101.5, 207]]
    )


def test_scans_with_truth_for_some_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="row 3, column x_m: no coordinate"):
        read_scans(written(tmp_path, "scan_id,x_m,y_m,ap1\nq1,1,2,-50\nq2,,,-50\n"))


@pytest.mark.slow
def test_large_table_loads_within_seconds_and_stays_sparse(tmp_path: Path) -> None:
    n = 20_000
    n_ap = 500
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {
        "scan_id": np.arange(n),
        "x_m": rng.uniform(0, 50, n),
        "y_m": rng.uniform(0, 50, n),
    }
    for j in range(n_ap):
        columns[f"ap{j}"] = pa.array(rng.integers(-95, -40, n), mask=rng.random(n) > 0.04)
    path = tmp_path / "large.csv"
    pa_csv.write_csv(pa.table(columns), path)
    start = perf_counter()
    train = read_user_table(path).train
    assert perf_counter() - start < 10  # under 1 s on an idle laptop
    assert train.rss_dbm.nnz == sum(n - columns[f"ap{j}"].null_count for j in range(n_ap))


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "row", "column", "message"),
    [
        pytest.param("", None, None, "is empty", id="empty file"),
        pytest.param("scan_id,x_m,y_m,ap1\n", None, None, "no row of data", id="header only"),
        pytest.param(WIDE[:-8], 4, None, "truncated", id="truncated last row"),
        pytest.param(wide("-50,-51", "-52", "-50,", "-50,"), 3, None, "4 cells", id="short row"),
        pytest.param(wide("-50,", "-50,,", "-50,", "-50,"), 3, None, "6 cells", id="long row"),
        pytest.param(b"scan_id,x_m,y_m,ap1\ns1,0,0,-50\ns\xe9,1,1,-50\n", 3, None, "UTF-8", id="not UTF-8"),
        pytest.param(WIDE.replace("x_m", "east_of_door"), None, None, "x_m=east_of_door", id="no x_m"),
        pytest.param(WIDE.replace("y_m", "q"), None, None, "--columns 'y_m=q'", id="no y_m"),
        pytest.param(WIDE.replace("ap2", "ap1"), 1, "ap1", "twice", id="duplicate column"),
        pytest.param(WIDE.replace("ap2", ""), 1, 10, "no name", id="nameless column"),
        pytest.param(wide("-50,-51", ",loud", ",-52", ","), 3, "ap2", "'loud'", id="text for RSS"),
        pytest.param(wide("-50,", ",", "-inf,", ","), 4, "ap1", "not a finite number", id="infinite RSS"),
        pytest.param(wide("-50,", ",", ",7"), 4, "ap2", "not_heard=7 (--not-heard 7)", id="positive RSS"),
        pytest.param(wide("-50,", ",", ",7"), 4, "ap2", "Is the minus sign missing?", id="no minus sign"),
        pytest.param(wide("-50,100", "100,100", "1,2", ","), 2, "ap2", "--not-heard 100", id="code 100"),
        pytest.param(wide("-50,", ",-200", ",", ","), 3, "ap2", "not_heard=-200", id="code -200"),
        pytest.param(wide("-50,-110", "-110,-110", "-110,-60"), None, None, "not_heard=-110", id="code -110"),
        pytest.param(wide("-50,0", "0,0", "0,0", "0,-60"), None, None, "not_heard=0", id="code 0"),
        pytest.param(WIDE.replace("s3", "s1"), 4, "scan_id", "'s1' appears twice", id="duplicate scan id"),
        pytest.param(WIDE.replace("s2", ""), 3, "scan_id", "no scan id", id="empty scan id"),
        pytest.param(WIDE.replace("203", "hall"), 3, "y_m", "'hall'", id="text for a coordinate"),
        pytest.param(WIDE.replace("104.5", ""), 3, "x_m", "no coordinate", id="missing coordinate"),
        pytest.param(WIDE.replace("104.5", "inf"), 3, "x_m", "not a finite number", id="infinite coordinate"),
        pytest.param(WIDE.replace("01T09:30:05", "x"), 3, "time", "ISO 8601", id="unreadable time"),
        pytest.param(wide("01/05/24 9:30,-5", columns="time,ap1"), 2, "time", "time=day-first", id="date"),
        pytest.param(SCANS_AT_ONE_POINT, None, "x_m", "all 2 training", id="one point"),
        pytest.param(wide("-50,"), None, "x_m", "all 1 training", id="a single row"),
        pytest.param(wide("train,-5", "dev,-5", columns="split,ap1"), 3, "split", "'dev'", id="split"),
        pytest.param(wide("test,-5", columns="split,ap1"), None, "split", "marked train", id="no train"),
        pytest.param(SCANS, None, None, "map_readings.csv", id="no access points"),
        pytest.param(wide('-5,"B', "-5,B", columns="ap1,user"), 2, "user", "close the quote", id="quote"),
    ],
)  # fmt: skip
def test_bad_table_is_refused_with_its_place(
    tmp_path: Path, text: str | bytes, row: int | None, column: str | int | None, message: str
) -> None:
    error = refusal(written(tmp_path, text))
    assert (error.row, error.column) == (row, column), str(error)
    assert message in str(error)


def test_test_scans_alone_are_one_split_where_they_are_evaluated(tmp_path: Path) -> None:
    path = written(tmp_path, wide("test,-5", "test,-6", columns="split,ap1"))
    survey = read_user_table(path, for_training=False)
    assert (len(survey.train), survey.test) == (2, None)
    with pytest.raises(BadInputError, match="no scan is marked train"):
        read_user_table(path)


@pytest.mark.parametrize(
    ("text", "row", "column", "message"),
    [
        pytest.param(READINGS.replace("s1", "s9"), 3, "scan_id", "no scan 's9'", id="unknown scan"),
        pytest.param(READINGS + "s3,,-61\n", 5, "ap", "no access point", id="nameless access point"),
        pytest.param(READINGS.replace("-70", "100"), 3, "rss_dbm", "--not-heard 100", id="positive RSS"),
        pytest.param(READINGS.replace("-70", "loud"), 3, "rss_dbm", "'loud'", id="text for RSS"),
        pytest.param(
            READINGS.replace("-60", "0").replace("-70", "0"), None, None, "not_heard=0", id="code 0"
        ),
        pytest.param(READINGS.replace("rss_dbm", "v"), None, None, "rss_dbm is missing", id="other columns"),
    ],
)
def test_bad_readings_are_refused_with_their_place(
    tmp_path: Path, text: str, row: int | None, column: str | None, message: str
) -> None:
    written(tmp_path, text, "map_readings.csv")
    error = refusal(written(tmp_path, SCANS))
    assert error.file is not None
    assert (Path(error.file).name, error.row, error.column) == ("map_readings.csv", row, column), str(error)
    assert message in str(error)


def test_readings_in_both_forms_are_refused(tmp_path: Path) -> None:
    written(tmp_path, READINGS, "map_readings.csv")
    assert "keep one of the two" in str(refusal(written(tmp_path, WIDE)))


def test_an_access_point_that_is_read_twice_counts_once_as_the_mean(tmp_path: Path) -> None:
    written(tmp_path, READINGS + "s2,b,-63\n", "map_readings.csv")
    with pytest.warns(ReadAsWarning, match="1 reading is the mean of several"):
        train = read_user_table(written(tmp_path, SCANS)).train
    np.testing.assert_array_equal(train.rss_dbm.toarray(), [[0, -70], [-50, -61.5], [0, 0]])


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_table_of_ujiindoorloc_is_read_by_its_names(tmp_path: Path) -> None:
    text = "WAP001,WAP002,LONGITUDE,LATITUDE,FLOOR,BUILDINGID,SPACEID,USERID,PHONEID,TIMESTAMP\n"
    text += (
        "100,-50,-7541.2,4864921,2,1,106,2,23,1371713733\n-60,100,-7536.6,4864934,2,1,107,2,23,1371713691\n"
    )
    with pytest.warns(LeftOutWarning, match="2 access points; left out: SPACEID"):
        train = read_user_table(written(tmp_path, text), ReadOptions.of(not_heard=100)).train
    np.testing.assert_array_equal(train.absolute_position_m, [[-7541.2, 4864921], [-7536.6, 4864934]])
    assert (train.access_points, train.scan_id.tolist()) == (("WAP001", "WAP002"), ["2", "3"])
    assert train.device is not None
    assert train.device.tolist() == ["23", "23"]


def test_missing_file_is_refused(tmp_path: Path) -> None:
    assert "no such file" in str(refusal(tmp_path / "nowhere.csv"))


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert "this is a PDF, no table" in str(refusal(written(tmp_path, "%PDF-1.4 " + WIDE, "map.csv")))
    assert "not a readable Parquet file" in str(refusal(written(tmp_path, WIDE, "map.parquet")))


def test_row_of_a_parquet_file_counts_its_data_alone(tmp_path: Path) -> None:
    table = pa.table({"scan_id": ["s1", "s2"], "x_m": [0.0, 1.0], "y_m": [0.0, 1.0], "ap1": [-50, 100]})
    pq.write_table(table, tmp_path / "map.parquet")
    error = refusal(tmp_path / "map.parquet")
    assert (error.row, error.column) == (2, "ap1")


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_cells_may_be_separated_by_other_marks(tmp_path: Path, mark: str) -> None:
    path = written(tmp_path, WIDE.replace(",", mark).replace(".", "," if mark != "," else "."))
    plain = read_user_table(written(tmp_path, WIDE, "plain.csv")).train
    assert read_user_table(path).train.content_hash() == plain.content_hash()


def test_a_mixture_of_decimal_commas_and_points_is_refused(tmp_path: Path) -> None:
    text = "scan_id;x_m;y_m;ap1\ns1;1,5;0;-50\ns2;2.5;0;-51\n"
    error = refusal(written(tmp_path, text))
    assert (error.row, error.column) == (2, "x_m")
