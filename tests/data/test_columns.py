"""Which columns of a table hold what: said on the call, in a file beside, or by names that are known."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.data.check import check_survey
from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning, UnknownNameError

ROWS = [(2.0, 3.0, "hall", -50, -60), (4.0, 3.0, "hall", -55, -65), (6.0, 5.0, "room 1", -60, -50)]
MACS = ("a0:b1:c2:00:00:01", "a0:b1:c2:00:00:02", "a0:b1:c2:00:00:03")


def put(folder: Path, text: str, name: str = "survey.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def odd_table(folder: Path) -> Path:
    rows = "".join(f"{x},{y},{room},{a},{b},p\n" for x, y, room, a, b in ROWS)
    return put(folder, f"west wall,south wall,where,ap1,ap2,point\n{rows}")


ODD = "x_m=west wall,y_m=south wall,place=where,scan_id=row"


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_one_option_maps_any_table_and_a_file_beside_says_the_same(tmp_path: Path) -> None:
    path = odd_table(tmp_path)
    said = load(path, columns=ODD).train
    assert said.absolute_position_m.tolist() == [[2, 3], [4, 3], [6, 5]]
    assert (said.access_points, said.scan_id.tolist()) == (("ap1", "ap2"), ["2", "3", "4"])
    put(tmp_path, 'x_m = "west wall"\ny_m = "south wall"\nplace = "where"\n', "survey.columns.toml")
    assert load(path).train.content_hash() == said.content_hash()
    swapped = load(path, columns="x_m=south wall,y_m=west wall").train  # the call goes before the file
    assert swapped.absolute_position_m.tolist() == [[3, 2], [3, 4], [5, 6]]


def test_the_likely_mapping_is_ready_to_paste(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="--columns 'x_m=west wall,y_m=south wall'"):
        load(odd_table(tmp_path))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("x_m=west wal,y_m=south wall", "Did you mean west wall"),
        ("x=west wall", "unknown field of --columns 'x'"),
        ("x_m=west wall,x_m=south wall", "x_m is given twice"),
        ("west wall", "is no FIELD=COLUMN"),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path: Path, columns: str, said: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError), match=said):
        load(odd_table(tmp_path), columns=columns)
    put(tmp_path, "x_m: west", "survey.columns.toml")
    with pytest.raises(BadInputError, match="not readable as TOML"):
        load(tmp_path / "survey.csv")


@pytest.mark.parametrize(
    "names",
    ["x_m,y_m", "X,Y", "x (m),y (m)", "Easting,Northing", "ECoord,NCoord", "pos_x,pos_y"],
)
@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_published_names_are_known(tmp_path: Path, names: str) -> None:
    path = put(tmp_path, f"{names},ap1\n1,2,-50\n3,4,-60\n")
    assert load(path).train.absolute_position_m.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "names", ["lat,lon", "Latitude,Longitude", "lat,lng", "LATITUDE,LONGITUDE", "gps_lat,gps_lon"]
)
@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_degrees_under_any_usual_name_are_projected(tmp_path: Path, names: str) -> None:
    train = load(put(tmp_path, f"{names},ap1\n39.993,-0.068,-50\n39.9931,-0.068,-60\n")).train
    assert train.frame.epsg == 32630
    assert np.ptp(train.absolute_position_m, axis=0)[1] == pytest.approx(11.1, abs=0.1)


# -- which columns are access points --------------------------------------------------------------


def with_extra(folder: Path, name: str, values: list[str], n: int = 12) -> Path:
    """A survey in which every third reading is missing, with one more column."""
    lines = [f"scan_id,x_m,y_m,{name},{','.join(MACS)}"]
    for i in range(n):
        readings = ["" if (i + j) % 3 == 0 else str(-50 - i - j) for j in range(3)]
        lines.append(f"s{i},{i},{i % 4},{values[i % len(values)]},{','.join(readings)}")
    return put(folder, "\n".join(lines))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("heading", ["213.5"]),
        ("noise_dbm", ["-96", "-95"]),
        ("tx_power", ["-59"]),
        ("z", ["-3.2"]),
        ("Temperature (C)", ["-9"]),
        ("lng", ["-79.949976"]),
        ("battery", ["-1", "88"]),
        ("scene", ["1"]),
        ("remark", ["by the door", "far"]),
        ("gatewayload", ["-60", "-61"]),  # no address among addresses
        ("SampleTimes", ["4"]),
    ],
)
def test_what_is_no_access_point_is_left_out_with_a_note(
    tmp_path: Path, name: str, values: list[str]
) -> None:
    path = with_extra(tmp_path, name, values)
    with pytest.warns(LeftOutWarning, match="3 access points; left out: "):
        train = load(path).train
    assert train.access_points == MACS
    [finding] = [each for each in check_survey(path).findings if each.code == "no_access_point"]
    assert (finding.severity, finding.access_points) == ("note", (name,))


@pytest.mark.parametrize("named", ["*", "tx_power", "tx_*"])
def test_a_column_that_is_named_is_taken(tmp_path: Path, named: str) -> None:
    path = with_extra(tmp_path, "tx_power", ["-59"])
    assert set(load(path, access_points=named).train.access_points) == {"tx_power", *MACS}


@pytest.mark.parametrize(
    ("names", "n"),
    [
        (["ap1", "ap2", "ap3", "ap4"], 4),
        (["eduroam", "Guest", "printer", "Cafe"], 4),
        (["WAP001", "WAP002"], 2),
    ],
)
def test_ways_of_naming_access_points_are_left_alone(tmp_path: Path, names: list[str], n: int) -> None:
    lines = [f"scan_id,x_m,y_m,{','.join(names)}"]
    lines += [
        f"s{i},{i},{i % 4},{','.join(str(-50 - (7 * i + 5 * j) % 30) for j in range(n))}" for i in range(24)
    ]
    assert load(put(tmp_path, "\n".join(lines))).train.n_access_points == n


@pytest.mark.parametrize(
    ("name", "values", "left_out"),
    [
        ("beacon_noise", ["-95", "-96"], True),  # in every scan, and steady
        ("printer", ["-50", "-70", "-62"], False),  # in every scan, but not steady
        ("drift", ["-50.25", "-70.125", ""], True),  # decimals among whole numbers
        ("ratio", ["3", "5", "-9", "7"], True),  # no dBm
    ],
)
def test_values_tell_where_names_do_not(tmp_path: Path, name: str, values: list[str], left_out: bool) -> None:
    lines = [f"scan_id,x_m,y_m,{name},eduroam,Guest,Cafe"]
    for i in range(24):
        readings = ["" if (i + j) % 3 == 0 else str(-50 - (7 * i + 5 * j) % 30) for j in range(3)]
        lines.append(f"s{i},{i},{i % 4},{values[i % len(values)]},{','.join(readings)}")
    path = put(tmp_path, "\n".join(lines))
    if left_out:
        with pytest.warns(LeftOutWarning, match=f"left out: {name}"):
            load(path)
    else:
        assert name in load(path).train.access_points


def test_one_address_in_two_spellings_is_one_column(tmp_path: Path) -> None:
    text = (
        f""
        f"scan_id,x_m,y_m,{MACS[0]},{MACS[0].upper()},{MACS[1]}\ns,0,0,-50,,-60\nt,1,1,-50,-60,\nu,2,1,,-70,-80\n"
    )
    with pytest.warns(ReadAsWarning, match="columns of one address are joined"):
        train = load(put(tmp_path, text)).train
    assert train.rss_dbm.toarray().tolist() == [[-50, -60], [-55, 0], [-70, -80]]


# -- units, times and containers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (("100,60", ",80"), {"units": "rss=percent"}),
        (("50,70", ",60"), {"units": "rss=unsigned"}),
        (("-50,-70", "100,-60"), {"not_heard": 100}),
        (("-50,-70", "NA,-60"), {}),
        (("-50 dBm,−70", "-,-60"), {}),
    ],
)
def test_strengths_in_other_units_and_words(
    tmp_path: Path, cells: tuple[str, str], options: dict[str, Any]
) -> None:
    text = f"scan_id,x_m,y_m,ap1,ap2\ns,0,0,{cells[0]}\nt,1,1,{cells[1]}\nu,5,1,,\n"
    assert load(put(tmp_path, text), **options).train.rss_dbm.toarray().tolist() == [
        [-50, -70],
        [0, -60],
        [0, 0],
    ]


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000), ("cm", 100), ("feet", 1 / 0.3048), ("0.05", 20)])
def test_places_in_other_units(tmp_path: Path, unit: str, factor: float) -> None:
    text = f"scan_id,x_m,y_m,ap1\ns,0,0,-50\nt,{3 * factor},{4 * factor},-60\n"
    train = load(put(tmp_path, text), units=f"place={unit}").train
    np.testing.assert_allclose(train.absolute_position_m, [[0, 0], [3, 4]], atol=1e-9)


@pytest.mark.parametrize("units", ["rss=volt", "place=-3", "place=yard", "size=3", "mm"])
def test_what_is_no_unit_is_named(tmp_path: Path, units: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError), match="unit"):
        load(odd_table(tmp_path), columns=ODD, units=units)


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        (("1714555800000", "1714555801500"), {}, "2024-05-01T09:30:01.500"),
        (("1714555800000000", "1714555801500000"), {}, "2024-05-01T09:30:01.500"),
        (("1714555800000000000", "1.7145558015e18"), {}, "2024-05-01T09:30:01.500"),
        (("01.05.2024 09:30", "01.05.2024 09:30:01.5"), {}, "2024-05-01T09:30:01.500"),
        (("13/04/2024 09:30", "01/05/2024 9:30"), {}, "2024-05-01T09:30:00.000"),
        (("04-13-2024 09:30", "05-01-2024 9:30 PM"), {}, "2024-05-01T21:30:00.000"),
        (("05/01/2024", "05/02/2024"), {"units": "time=month-first"}, "2024-05-02T00:00:00.000"),
        (("2024/05/01 09:30", "2024/5/1 9:31"), {}, "2024-05-01T09:31:00.000"),
        (("Wed May 01 09:30:00 2024", "Wed May 01 09:31:00 2024"), {}, "2024-05-01T09:31:00.000"),
        (("400627954", "400687954"), {"units": "time=ms"}, "1970-01-05T15:18:07.954"),
    ],
)
@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_times_in_other_ways(
    tmp_path: Path, cells: tuple[str, str], options: dict[str, Any], expected: str
) -> None:
    text = f"scan_id,x_m,y_m,time,ap1\ns,0,0,{cells[0]},-50\nt,1,1,{cells[1]},-50\n"
    time = load(put(tmp_path, text), **options).train.time
    assert time is not None
    assert str(time[1]) == expected


@pytest.mark.parametrize("cells", [("09:30:00", "09:31:00"), ("400627954", "400687954")])
def test_times_that_cannot_be_told_are_left_out_with_a_note(tmp_path: Path, cells: tuple[str, str]) -> None:
    text = f"scan_id,x_m,y_m,time,ap1\ns,0,0,{cells[0]},-50\nt,1,1,{cells[1]},-50\n"
    with pytest.warns(ReadAsWarning, match="left out"):
        assert load(put(tmp_path, text)).train.time is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,-50,-60\n3,4,-55,-65\n", "there is no header: the first line holds data"),
        ("Node A: -70\nNode B: -68\n", "neither which readings are one scan nor where"),
        ("scan_id,x_m,y_m,ap1\ns,0,0,-50\nt,1,5,1,5,-50\nu,1,1,-50\n", "are there decimal commas?"),
        ("scan_id,x_m,y_m,ap1\ns,0,0,-50\nt,1\nu,1,1,-50\n", "write every cell, also empty ones"),
        ("scan_id,lat,lon,ap1\ns,2,3,-50\nt,20,30,-60\n", "Are these metres?.*--columns 'x_m=lon,y_m=lat'"),
        ("scan_id,lat,lon,ap1\ns,114.1,22.3,-50\nt,114.1,22.4,-60\n", "are latitude and longitude swapped"),
        ("scan_id,x_m,y_m,ap1\ns,0,0,-50\nt,900000,5,-60\n", "millimetres or pixels.*--units place=mm"),
    ],
)
def test_what_is_wrong_is_named_as_what_it_is(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as refused:
        load(put(tmp_path, text))
    assert "truncated" not in str(refused.value)


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n\nscan_id,x_m,y_m,ap1\ns,0,0,-50\nt,1,1,-60\n",
        "#scan_id,x_m,y_m,ap1\n1,0,0,-50\n2,1,1,-60\n",
        "sep=;\nscan_id;x_m;y_m;ap1\ns;0;0;-50\nt;1;1;-60\n",
        "exported by an app\nscan_id,x_m,y_m,ap1\ns,0,0,-50\nt,1,1,-60\n",
        "scan_id,x_m,y_m,ap1\nname,metres,metres,dBm\ns,0,0,-50\nt,1,1,-60\n",
        "scan_id,x_m,y_m,ap1,\ns,0,0,-50,\nt,1,1,-60,\n",
        ",x_m,y_m,ap1\n0,0,0,-50\n1,1,1,-60\n",
        "scan_id,x_m,y_m,ap1\ns,0,0,-50\n\nt,1,1,-60\n,,,\n",
    ],
    ids=[
        "comment",
        "header in a comment",
        "sep=",
        "title",
        "units",
        "trailing comma",
        "index",
        "empty lines",
    ],
)
def test_what_stands_around_a_table_is_passed_over(tmp_path: Path, text: str) -> None:
    train = load(put(tmp_path, text)).train
    assert train.absolute_position_m.tolist() == [[0, 0], [1, 1]]
    assert train.rss_dbm.toarray().tolist() == [[-50], [-60]]


def workbook(rows: list[list[object]]) -> bytes:
    """A spreadsheet of one sheet, with texts inline."""
    cells = "".join(
        f"<row r='{r}'>"
        + "".join(
            f"<c r='{chr(65 + j)}{r}'><v>{value}</v></c>"
            if isinstance(value, (int, float))
            else f"<c r='{chr(65 + j)}{r}' t='inlineStr'><is><t>{value}</t></is></c>"
            for j, value in enumerate(row)
            if value != ""
        )
        + "</row>"
        for r, row in enumerate(rows, start=1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f"<Types xmlns='{package}/content-types'>"
        "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        f"<Override PartName='/xl/workbook.xml' ContentType='{kind}.sheet.main+xml'/>"
        f"<Override PartName='/xl/worksheets/sheet1.xml' ContentType='{kind}.worksheet+xml'/></Types>",
        "_rels/.rels": f"<Relationships xmlns='{package}/relationships'>"
        f"<Relationship Id='r1' Type='{office}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"<workbook xmlns='{main}' xmlns:r='{office}'><sheets>"
        "<sheet name='Scans' sheetId='1' r:id='r1'/></sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{package}/relationships'>"
        f"<Relationship Id='r1' Type='{office}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>",
        "xl/worksheets/sheet1.xml": f"<worksheet xmlns='{main}'><sheetData>{cells}</sheetData></worksheet>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def test_a_spreadsheet_is_read(tmp_path: Path) -> None:
    rows: list[list[object]] = [["scan_id", "x_m", "y_m", "ap1"], ["s", 0, 0, -50], ["t", 1.5, 1, ""]]
    (tmp_path / "survey.xlsx").write_bytes(workbook(rows))
    train = load(tmp_path / "survey.xlsx").train
    assert train.absolute_position_m.tolist() == [[0, 0], [1.5, 1]]
    assert train.n_heard.tolist() == [1, 0]


def test_a_zip_of_one_table_is_read_and_of_two_is_not(tmp_path: Path) -> None:
    text = "scan_id,x_m,y_m,ap1\ns,0,0,-50\nt,1,1,-60\n"
    with zipfile.ZipFile(tmp_path / "survey.zip", "w") as archive:
        archive.writestr("folder/survey.csv", text)
    assert len(load(tmp_path / "survey.zip").train) == 2
    with zipfile.ZipFile(tmp_path / "survey.zip", "a") as archive:
        archive.writestr("more.csv", text)
    with pytest.raises(BadInputError, match="must hold one table, this one holds 2"):
        load(tmp_path / "survey.zip")


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_a_row_a_reading_of_phones_has_its_own_time_for_each_reading(tmp_path: Path) -> None:
    lines = ["x,y,ssid,bsid,level,timestamp,count"]
    for i in range(6):
        lines += [
            f"{i // 2},3,net,{mac},{-50 - j},{270675396356 + 1000 * (7 * i + j)},{i % 2 + 1}"
            for j, mac in enumerate(MACS)
        ]
    train = load(put(tmp_path, "\n".join(lines))).train
    assert (len(train), train.n_heard.tolist()) == (6, [3] * 6)


def test_scans_to_locate_keep_columns_that_a_model_knows(tmp_path: Path) -> None:
    path = put(tmp_path, "heading,tx_power,ap1\n213,-59,-50\n")
    with pytest.warns(LeftOutWarning, match="left out: heading, tx_power"):
        assert read_scans(path).access_points == ("ap1",)
    with pytest.warns(LeftOutWarning, match="left out: heading"):
        assert read_scans(path, access_points=["tx_power"]).access_points == ("tx_power", "ap1")
