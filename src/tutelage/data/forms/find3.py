"""FIND3: what is posted to its server, or what the server dumps (`-dump FAMILY` writes FAMILY.learn.N.jsons).

The file holds JSON objects, one a line, or one array of them (https://github.com/schollz/find3, doc/api.md,
POST /data, and server/main/src/models/sensorData.go):

    {"d": device, "f": family, "t": milliseconds since 1970, "l": label,
     "s": {"wifi": {MAC: dBm}, "bluetooth": {MAC: dBm}}, "gps": {"lat": degrees, "lon": degrees}}

`l` and `gps` may be missing; sensors other than the two are passed over. Apps also post seconds, which their
size shows. A label names a place. Positions stand in a table beside the file (`heard_scans`), else `gps`
gives them, else there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tutelage.data.forms import json_text
from tutelage.data.forms.form import Form, LeftOut, ScanTables, beginning
from tutelage.data.forms.heard_scans import HeardScan, scan_tables
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError

__all__ = ["FORM"]

_SENSORS = ("wifi", "bluetooth")
_TITLES = {"scan_id": "d and t", "device": "d", "time": "t", "lat": "gps.lat", "lon": "gps.lon", "ap": "s"}
_TITLES |= {"rss_dbm": "s", "label": "l"}


def _recognises(path: Path) -> bool:
    """Return whether a file holds any JSON; the other forms of JSON come before this one."""
    return beginning(path).lstrip().startswith(("{", "["))


def _read(path: Path, options: ReadOptions) -> ScanTables:
    row_name, objects = json_text.read_objects(path)
    scans = [_scan(value, row, path, row_name) for row, value in objects]
    if not scans:
        raise BadInputError("there is no scan in the file", file=path)
    left_out: tuple[LeftOut, ...] = ()
    if options.located:
        labelled = [scan for scan in scans if scan.label]
        if not labelled:
            raise BadInputError(
                "no scan has a label (l): these are scans to be located, and nothing can be learnt from them",
                file=path,
            )
        if len(labelled) < len(scans):
            left_out = (_tracking([scan for scan in scans if not scan.label], len(scans)),)
        scans = labelled
    return scan_tables(path, scans, options, row_name=row_name, titles=_TITLES, left_out=left_out)


def _scan(value: Any, row: int, path: Path, row_name: str) -> HeardScan:
    def error(message: str, column: str | None = None) -> BadInputError:
        return BadInputError(message, file=path, row=row, column=column, row_name=row_name)

    if not isinstance(value, dict) or not isinstance(value.get("s"), dict):
        raise error(
            "no JSON of a form that is known: neither GeoJSON, a list of scan results, geosubmit, "
            "nor FIND3 data, "
            'which are objects {"d": device, "f": family, "t": milliseconds, "l": label, '
            '"s": {"wifi": {MAC: dBm}}}'
        )
    time = value.get("t")
    if not isinstance(time, (int, float)) or isinstance(time, bool) or not 0 < time < 1 << 63:
        raise error(f"{time!r} is no time; it is a number of milliseconds since 1970", "t")
    device = json_text.label_text(value.get("d")).strip()
    if not device:
        raise error("no device; give every scan one", "d")
    named_rss: list[tuple[str, Any]] = []
    for sensor in _SENSORS:
        readings = value["s"].get(sensor) or {}
        if not isinstance(readings, dict):
            raise error("write an object {MAC: dBm}", f"s.{sensor}")
        named_rss += readings.items()
    gps = value.get("gps") or {}
    if not isinstance(gps, dict):
        raise error('write an object {"lat": degrees, "lon": degrees}', "gps")
    return HeardScan(
        row,
        named_rss,
        f"{device}-{time}",
        device,
        json_text.label_text(value.get("l")).strip().lower(),
        lat_lon=(gps.get("lat"), gps.get("lon")),
        time=time,
    )


def _tracking(scans: Sequence[HeardScan], n: int) -> LeftOut:
    rows, ids = zip(*((scan.row, scan.scan_id) for scan in scans), strict=True)
    advice = "FIND3 takes such scans for tracking alone"
    return LeftOut("no_label", "scan", n, "no label (l)", advice, rows, ids)


FORM = Form("find3", _recognises, _read)
