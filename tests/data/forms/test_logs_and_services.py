"""Logs, bodies of services and radio maps of other tools: each is recognised by its content, and read."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning

A, B = "a0:b1:c2:00:00:01", "a0:b1:c2:00:00:02"
T0 = 1574576850000
TRACE = f"""#\tstartTime:{T0}
#\tSiteID:5d\tSiteName:Mall\tFloorId:5e\tFloorName:B1
#\tBrand:OPPO\tModel:PBCM10\tAndroidName:8.1.0
{T0}\tTYPE_WAYPOINT\t10.0\t20.0
{T0 + 1000}\tTYPE_ACCELEROMETER\t0.1\t0.2\t9.8\t3
{T0 + 1500}\tTYPE_BEACON\tuuid\t10\t7\t-59\t-80\t3.5\tF0:00\t{T0 + 1500}
{T0 + 2000}\tTYPE_WIFI\tnet\t{A}\t-50\t2437\t{T0}
{T0 + 2000}\tTYPE_WIFI\thome_nomap\t{B}\t-60\t2437\t{T0}
{T0 + 6000}\tTYPE_WIFI\tnet\t{A}\t-55\t2437\t{T0}
{T0 + 8000}\tTYPE_WAYPOINT\t18.0\t20.0
{T0 + 9000}\tTYPE_WIFI\tnet\t{A}\t-58\t2437\t{T0}
"""


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_trace_has_places_between_waypoints_and_the_floor_of_its_header(tmp_path: Path) -> None:
    path = put(tmp_path, "walk.txt", TRACE)
    with pytest.warns(LeftOutWarning) as told:
        train = load(path).train
    messages = " ".join(str(each.message) for each in told)
    assert "1 of 3 scans left out: taken before the first waypoint or after the last" in messages
    assert "1 of 4 readings left out: a network whose name ends in _nomap" in messages
    assert train.absolute_position_m.tolist() == [[12, 20], [16, 20]]
    assert train.access_points == (A, "beacon-10-7")
    assert train.rss_dbm.toarray().tolist() == [[-50, -80], [-55, 0]]
    assert train.floor is not None
    assert (train.floor.tolist(), str(train.device)) == (["B1", "B1"], "['OPPO PBCM10' 'OPPO PBCM10']")


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_a_folder_of_floors_with_traces_is_a_survey(tmp_path: Path) -> None:
    for floor in ("F1", "F2"):
        put(tmp_path, f"site/{floor}/walk{floor}.txt", TRACE.replace("FloorName:B1", ""))
    train = load(tmp_path / "site").train
    assert len(train) == 4
    assert train.floor is not None
    assert train.floor.tolist() == ["F1", "F1", "F2", "F2"]


LOG = f"""# Timestamp, X, Y, HEADING, MAC Address of AP, RSS, Floor, BUID
1373882358374 35.14455 33.41102 120.0 {A} -78 1 building_1
1373882358374 35.14455 33.41102 120.0 {B} -60 1 building_1
# Timestamp, X, Y, HEADING, MAC Address of AP, RSS, Floor, BUID
1373882361374 35.14460 33.41110 90.0 {A} -70 1 building_1
"""
RADIO_MAP = f"""# NaN -110
# X, Y, HEADING, {A}, {B}
1.5, 2.0, 0, -70, -110
3.5, 2.0, 0, -60.5, -80
"""


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
def test_logs_of_anyplace_are_in_degrees(tmp_path: Path) -> None:
    train = load(put(tmp_path, "rss-log", LOG)).train
    assert (len(train), train.n_heard.tolist(), train.frame.epsg) == (2, [2, 1], 32636)
    assert train.floor is not None
    assert train.floor.tolist() == ["1", "1"]


@pytest.mark.filterwarnings("ignore::tutelage.errors.ReadAsWarning")
@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_radio_maps_of_airplace_say_what_is_not_heard(tmp_path: Path) -> None:
    train = load(put(tmp_path, "radiomap.txt", RADIO_MAP)).train
    assert train.absolute_position_m.tolist() == [[1.5, 2], [3.5, 2]]
    assert (train.access_points, train.rss_dbm.toarray().tolist()) == ((A, B), [[-70, 0], [-60.5, -80]])


def test_hulop_has_no_header(tmp_path: Path) -> None:
    text = "1444835800,Beacon,2.9,1.9,1.0,0.0,2,1,5,-97.0,1,6,-96.0\n1444836800,Beacon,4,1.9,1,0,1,1,5,-90\n"
    train = load(put(tmp_path, "Example.csv", text)).train
    assert train.access_points == ("beacon-1-5", "beacon-1-6")
    assert train.rss_dbm.toarray().tolist() == [[-97, -96], [-90, 0]]
    with pytest.raises(BadInputError, match="row 2: 10 cells; a line is time, Beacon"):
        load(put(tmp_path, "Cut.csv", text.replace("0,1,1,5,-90", "0,2,1,5,-90")))


def test_receivers_that_hear_a_device_are_access_points(tmp_path: Path) -> None:
    lines = [("kitchen", -60), ("hall", -70), ("kitchen", -62), ("hall", -71)]
    text = "".join(
        f'espresense/devices/phone/{room} {{"id": "phone", "rssi": {rss}}}\n' for room, rss in lines
    )
    scans = read_scans(put(tmp_path, "mqtt.log", text))
    assert scans.access_points == ("hall", "kitchen")
    assert scans.rss_dbm.toarray().tolist() == [[-70, -60], [-71, -62]]
    with pytest.raises(BadInputError, match=r"write mqtt_labels\.csv beside.*or label, place"):
        load(tmp_path / "mqtt.log")
    put(tmp_path, "mqtt.log", text + text.replace("phone", "tag"))
    put(tmp_path, "mqtt_labels.csv", "label,room\nphone,hall\ntag,attic\n")
    train = load(tmp_path / "mqtt.log").train
    assert (train.position_m, train.known_place.tolist()) == (None, ["hall", "hall", "attic", "attic"])


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_a_window_of_seconds_is_a_scan_where_times_are_known(tmp_path: Path) -> None:
    heard = [
        ("00:00", "attic", -60),
        ("00:03", "attic", -64),
        ("00:04", "cellar", -80),
        ("00:09", "attic", -61),
    ]
    text = "".join(
        f'2024-05-01T09:{at}+0000 home/{gateway}/BTtoMQTT/A0B1 {{"id":"A0:B1","rssi":{rss}}}\n'
        for at, gateway, rss in heard
    )
    with pytest.warns(ReadAsWarning, match="mean of several|seconds since 1970"):
        scans = read_scans(put(tmp_path, "dump.txt", text + "home/attic/LWT online\nhome/x/BTtoMQTT {}\n"))
    assert scans.rss_dbm.toarray().tolist() == [[-62, -80], [-61, 0]]
    assert scans.time is not None
    assert scans.time[0] == np.datetime64("2024-05-01T09:00:00")


READINGS = [
    {"macAddress": A.upper(), "signalStrength": -50},
    {"macAddress": B, "signalStrength": -70, "age": 3},
]


def test_geosubmit_has_positions_and_geolocate_has_none(tmp_path: Path) -> None:
    places = [{"latitude": 39.993 + i / 1e4, "longitude": -0.068} for i in range(3)]
    items = [{"timestamp": T0, "position": place, "wifiAccessPoints": READINGS} for place in places]
    train = load(put(tmp_path, "geosubmit.json", json.dumps({"items": items}))).train
    assert (len(train), train.access_points, train.frame.epsg) == (3, (A, B), 32630)
    body = put(tmp_path, "geolocate.json", json.dumps({"considerIp": False, "wifiAccessPoints": READINGS}))
    assert read_scans(body).rss_dbm.toarray().tolist() == [[-50, -70]]
    with pytest.raises(BadInputError, match=r"can be located .*, not learnt from"):
        load(body)


@pytest.mark.parametrize(
    "results",
    [
        [{"SSID": "n", "BSSID": A, "level": -50, "frequency": 2437}, {"SSID": "n", "BSSID": B, "level": -70}],
        [
            {"bssid": A, "rssi": -50, "ssid": "n"},
            {"bssid": B, "rssi": -70},
            {"bssid": "x", "rssi": -1, "ssid": "i_nomap"},
        ],
    ],
)
def test_lists_of_scan_results_are_a_scan(tmp_path: Path, results: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        for text in (json.dumps(results, indent=1), json.dumps([{"time": T0, "results": results}])):
            scans = read_scans(put(tmp_path, "scan.json", text))
            assert (scans.access_points, scans.rss_dbm.toarray().tolist()) == ((A, B), [[-50, -70]])


def test_find_one_has_labels(tmp_path: Path) -> None:
    body = {"group": "home", "username": "one", "time": T0, "wifi-fingerprint": [{"mac": A, "rssi": -50}]}
    text = "".join(json.dumps(body | {"location": f"Room {i}", "time": T0 + i}) + "\n" for i in range(2))
    path = put(tmp_path, "learn.json", text)
    train = load(path).train
    assert (train.position_m, train.known_place.tolist()) == (None, ["room 0", "room 1"])
    put(tmp_path, "learn_labels.csv", "label,x,y\nroom 0,1,2\nRoom 1,3,4\n")
    train = load(path).train
    assert train.absolute_position_m.tolist() == [[1, 2], [3, 4]]
    assert train.known_place.tolist() == ["room 0", "room 1"]


@pytest.mark.filterwarnings("ignore::tutelage.errors.LeftOutWarning")
def test_lists_of_scan_results_may_name_their_room(tmp_path: Path) -> None:
    results = [{"BSSID": A, "level": -50}]
    objects = [{"room": room, "results": results} for room in ("Kitchen", "Hall", "")]
    path = put(tmp_path, "scans.json", json.dumps(objects))
    train = load(path).train
    assert (train.position_m, train.known_place.tolist()) == (None, ["Kitchen", "Hall"])
    assert read_scans(path).known_place.tolist() == ["Kitchen", "Hall", ""]


@pytest.mark.parametrize(
    ("times", "unit"), [((1714555800, 1714555860), "seconds"), ((1714555800.25, 1714555860.25), "seconds")]
)
def test_find3_in_seconds_is_told(tmp_path: Path, times: tuple[float, float], unit: str) -> None:
    objects = [{"d": "p", "f": "h", "t": t, "l": "k", "s": {"wifi": {A: -50}}} for t in times]
    with pytest.warns(ReadAsWarning, match=f"{unit} since 1970"):
        scans = read_scans(put(tmp_path, "s.jsons", "\n".join(map(json.dumps, objects))))
    assert scans.time is not None
    assert scans.time[1] - scans.time[0] == np.timedelta64(60, "s")
    assert scans.time[0] >= np.datetime64("2024-05-01T09:30:00")
