"""Logs of GetSensorData: scans, positions between marks, and what is told of what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from changed import change, refusal

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError, LeftOutWarning
from tutelage.runtime.degrees import to_degrees

APS = [
    "00:0b:86:27:36:c1",
    "00:0b:86:27:36:d1",
    "00:0b:86:aa:10:20",
    "00:0b:86:aa:10:30",
    "00:0b:86:aa:10:40",
]
BEACONS = ["e5:a3:7b:5d:3e:9a", "ff:e4:62:05:a6:94"]
MARKS = "POSI;1.000;1;39.9930000;-0.0680000;0;2\nPOSI;5.000;2;39.9930000;-0.0670000;0;2\n"
WIFI = "WIFI;{0};9000.5;net;00:0B:86:27:36:{1};2412;{2}\n"


@pytest.fixture
def walk(made: Path) -> Survey:
    with pytest.warns(LeftOutWarning):
        return load(made / "walk.txt")


def heard(scans: FingerprintSet, scan_id: str) -> dict[str, float]:
    [i] = np.flatnonzero(scans.scan_id == scan_id)
    begin, end = scans.rss_dbm.indptr[i : i + 2]
    names = [scans.access_points[j] for j in scans.rss_dbm.indices[begin:end]]
    return dict(zip(names, scans.rss_dbm.data[begin:end].tolist(), strict=True))


def log(folder: Path, text: str) -> Path:
    path = folder / "log.txt"
    path.write_text(text)
    return path


def test_lines_of_one_scan_result_are_a_scan_whatever_the_spelling(walk: Survey) -> None:
    assert sorted(walk.train.access_points) == sorted(APS + BEACONS)
    assert heard(walk.train, "2.500") == dict(zip(APS, [-45, -63, -63, -59, -83], strict=True))
    assert walk.train.device is not None
    assert set(walk.train.device) == {"Samsung SM-A520F"}


def test_a_beacon_counts_for_the_scan_result_that_follows(walk: Survey) -> None:
    found = heard(walk.train, "4.500")
    assert (found["ff:e4:62:05:a6:94"], found["e5:a3:7b:5d:3e:9a"]) == (-74, -90)
    assert set(BEACONS).isdisjoint(heard(walk.train, "2.500"))


def test_positions_lie_between_the_marks(walk: Survey) -> None:
    train = walk.train
    assert train.frame.epsg == 32630
    lat_lon = to_degrees(train.absolute_position_m, 32630)
    [i] = np.flatnonzero(train.scan_id == "2.500")  # half a second of the eight to the second mark
    first = np.array([39.993, -0.06797655])
    second = np.array([39.993, -0.06788277])
    np.testing.assert_allclose(lat_lon[i], first + 0.5 / 8 * (second - first), rtol=0, atol=2e-8)
    steps = np.hypot(*np.diff(train.known_position_m[:9], axis=0).T)
    np.testing.assert_allclose(steps, 2.0, atol=0.01)  # the walk was made at a metre a second
    assert train.floor is not None
    assert train.building is not None
    assert list(dict.fromkeys(zip(train.floor.tolist(), train.building.tolist(), strict=True))) == [
        ("0", "0"),
        ("1", "0"),
    ]


def test_what_is_left_out_is_told_with_its_number(made: Path) -> None:
    with pytest.warns(LeftOutWarning) as told:
        survey = load(made / "walk.txt")
    said = [str(each.message).partition(": ")[2] for each in told]
    assert said == [
        "9 of 139 readings left out: a network whose name ends in _nomap is not to be used for positioning; "
        "nothing is to be done",
        "1 of 25 beacon readings left out: no Wi-Fi scan result follows them within 5 s; "
        "scan for Wi-Fi more often if they are many",
        "2 of 26 scans left out: taken before the first POSI mark or after the last; "
        "mark the beginning and the end of a walk",
        "5 of 26 scans left out: taken between marks on different floors or in different buildings; "
        "mark where a floor is left and where the next is reached",
    ]
    assert len(survey.train) == 26 - 2 - 5
    assert "0.500" not in survey.train.scan_id
    assert not {f"{t}.500" for t in range(20, 30)} & set(survey.train.scan_id)


def test_scans_to_be_located_need_no_marks(made: Path) -> None:
    text = (made / "walk.txt").read_text()
    bare = log(made, "".join(line for line in text.splitlines(keepends=True) if "POSI;" not in line))
    with pytest.warns(LeftOutWarning, match="readings"):
        scans = read_scans(bare)
    assert (len(scans), scans.position_m) == (26, None)
    assert "no line POSI says where the scans were taken" in str(refusal(bare))


def test_old_lines_without_frequency_and_with_beacon_numbers_are_read(tmp_path: Path) -> None:
    old = "WIFI;{0};9000.5;a;b;00-0b-86-27-36-c1;-50\nBLE4;{0};2016;3;-87\n"
    survey = load(log(tmp_path, MARKS + old.format("2.0") + old.format("4.0")))
    assert survey.train.access_points == ("00:0b:86:27:36:c1", "beacon-2016-3")
    assert survey.train.rss_dbm.toarray().tolist() == [[-50, -87]] * 2


def test_a_log_without_wifi_has_a_scan_each_second(tmp_path: Path) -> None:
    beacon = "BLE4;{0};iBeacon;FF:E4:62:05:A6:94;{1};-76;2016;15;b9407f30\n"
    lines = "".join(beacon.format(time, rss) for time, rss in (("2.1", -70), ("2.8", -72), ("4.0", -60)))
    survey = load(log(tmp_path, MARKS + lines))
    assert survey.train.scan_id.tolist() == ["2", "4"]
    assert survey.train.rss_dbm.toarray().ravel().tolist() == [-72, -60]  # the last of a second


@pytest.mark.parametrize(
    ("old", "new", "row", "column", "said"),
    [
        ("2412;-45", "2412;loud", 23, "RSS", "'loud' is not allowed here"),
        ("2412;-45", "2412;45", 23, "RSS", "45 is outside [-120, 0] dBm"),
        ("2.500;8031.500;eduroam", "soon;8031.500;eduroam", 23, "AppTimestamp", "'soon' is no time"),
        ("eduroam;00:0b:86:27:36:c1;2412;-45", "eduroam;c1;2412;-45", 23, None, "no MAC address"),
        ("POSI;2.000;1;39.99300000;-0.06797655;0;0", "POSI;2.000;1;39.993", 22, None, "4 fields; a mark is"),
        ("2.000;1;39.99300000", "2.000;1;north", 22, "Latitude", "'north' is no latitude"),
        ("2.000;1;39.99300000;-0.06797655", "2.000;1;39.993;200", 22, "Longitude", "'200' is no longitude"),
        ("2.000;1;39.99300000;-0.06797655", "2.000;1;0.0;0.0", 22, "Latitude", "the mark has no place"),
        ("-0.06797655;0;0", "-0.06797655;ground;0", 22, "floor ID", "'ground' is no floor ID"),
        ("-0.06797655;0;0", "-0.06797655;0;?", 22, "Building ID", "'?' is no Building ID"),
        ("POSI;10.000", "POSI;2.000", 52, "Timestamp", "stands in row 22 already"),
        ("iBeacon;FF:E4", "FarBeacon;FF:E4", 29, None, "no beacon"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_a_fault_is_refused_with_its_line(
    made: Path, old: str, new: str, row: int, column: str | None, said: str
) -> None:
    change(made / "walk.txt", old, new)
    error = refusal(made / "walk.txt")
    assert (error.row, error.column) == (row, column), str(error)
    assert said in str(error)


def test_a_log_from_which_nothing_can_be_learnt_is_refused(tmp_path: Path) -> None:
    assert "the log heard nothing" in str(refusal(log(tmp_path, MARKS)))
    apart = MARKS.replace("2;39.9930000;-0.0670000;0", "2;39.9930000;-0.0670000;1")
    scans = WIFI.format(2.0, "c1", -50)
    assert "no scan was taken between two POSI marks on one floor" in str(
        refusal(log(tmp_path, apart + scans))
    )


def test_a_folder_of_logs_is_one_survey(made: Path) -> None:
    folder = made / "walks"
    folder.mkdir()
    text = (made / "walk.txt").read_text()
    (folder / "one.txt").write_text(text)
    (folder / "two.log").write_text(text.replace("SM-A520F", "SM-G930F").replace("39.993", "39.994"))
    (folder / "notes.md").write_text("on the walks")
    with pytest.warns(LeftOutWarning) as told:
        survey = load(folder)
    assert "4 of 52 scans left out: taken before" in str(told[2].message)
    assert (survey.name, len(survey.train)) == ("walks", 38)
    assert survey.train.scan_id[[0, -1]].tolist() == ["one/2.500", "two/48.500"]
    assert survey.train.device is not None
    assert len(np.unique(survey.train.device)) == 2
    change(folder / "two.log", "2412;-45", "2412;45")
    with pytest.raises(BadInputError, match=r"two\.log, row 23, column RSS: 45 is outside"):
        load(folder)
