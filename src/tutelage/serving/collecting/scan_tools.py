"""The programs that scan Wi-Fi on Linux: iw and nmcli."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tutelage.data.forms import iw, nmcli
from tutelage.data.forms.one_scan import ToolReading
from tutelage.errors import BadInputError, TutelageError
from tutelage.runtime.access_point_names import NO_MAP, normalised_name
from tutelage.runtime.readings import RSS_MIN_DBM
from tutelage.serving.heard_scans import HeardScan

__all__ = ["ScanError", "ScanTool", "scan_of", "scan_tool"]

_TIMEOUT_S = 30.0
_INTERFACE = re.compile(r"^\s*Interface (\S+)", flags=re.MULTILINE)
_NMCLI = ("nmcli", "-t", "-f", "SSID,BSSID,SIGNAL", "device", "wifi", "list", "--rescan", "yes")
_NO_TOOL = (
    "neither iw nor nmcli is installed; install one (Debian: iw or network-manager), or collect with a phone"
)
_NO_RIGHTS = (
    "iw may not scan: {words}. Run the command as root, or take nmcli, which needs no rights: --tool nmcli"
)


class ScanError(TutelageError):
    """A scan that failed; the next may succeed."""


@dataclass(frozen=True)
class ScanTool:
    """A program that scans.

    Parameters
    ----------
    command : tuple of str
        How it is called.
    readings_of : callable
        Reads its output.
    """

    command: tuple[str, ...]
    readings_of: Callable[[str], list[ToolReading]]

    @property
    def name(self) -> str:
        """Its name."""
        return self.command[0]

    def scan(self) -> HeardScan:
        """Scan, which takes some seconds.

        Returns
        -------
        HeardScan
            What is heard.

        Raises
        ------
        ScanError
            If the program fails.
        BadInputError
            If the user may not scan.
        """
        output = _output(self.command)
        return scan_of(self.readings_of(output), time.time())


def scan_tool(name: str | None = None, interface: str | None = None) -> ScanTool:
    """Choose a program.

    Parameters
    ----------
    name : {"iw", "nmcli"} or None
        Its name. By default iw for root, who alone may scan with it, else nmcli. iw says dBm and ages; nmcli
        says percent.
    interface : str or None
        Network interface; by default the first that iw names, or all of nmcli.

    Returns
    -------
    ScanTool
        The program.

    Raises
    ------
    BadInputError
        If it is not installed, or there is no interface.
    """
    names = [name] if name else ["iw", "nmcli"] if os.geteuid() == 0 else ["nmcli", "iw"]
    found = next((each for each in names if shutil.which(each)), None)
    if found is None:
        raise BadInputError(f"{name} is not installed" if name else _NO_TOOL)
    if found == "nmcli":
        return ScanTool((*_NMCLI, *(("ifname", interface) if interface else ())), nmcli.readings_of)
    if interface is None:
        named = _INTERFACE.search(_output(("iw", "dev")))
        if named is None:
            raise BadInputError("iw finds no wireless interface; is the Wi-Fi adapter there and switched on?")
        interface = named[1]
    return ScanTool(("iw", "dev", interface, "scan"), iw.readings_of)


def scan_of(readings: Sequence[ToolReading], time_s: float) -> HeardScan:
    """Make a scan of what a program says.

    Parameters
    ----------
    readings : sequence of ToolReading
        One for each access point.
    time_s : float
        When the scan was complete, in seconds since 1970.

    Returns
    -------
    HeardScan
        The scan, without networks whose owners do not want to be used (their names end in `_nomap`).
    """
    rss_dbm: dict[str, float] = {}
    age_s: dict[str, float] = {}
    for each in readings:
        rss = each.rss_dbm
        if rss is None or not RSS_MIN_DBM <= rss < 0 or each.network.endswith(NO_MAP):
            continue
        name = normalised_name(each.name)
        rss_dbm[name] = rss
        if each.age_s:
            age_s[name] = each.age_s
    return HeardScan(rss_dbm, time_s, age_s)


def _output(command: tuple[str, ...]) -> str:
    environment = {**os.environ, "LC_ALL": "C"}  # their words are translated
    try:
        ended = subprocess.run(
            command, capture_output=True, timeout=_TIMEOUT_S, env=environment, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScanError(f"{command[0]} does not answer: {error}") from error
    if ended.returncode == 0:
        return ended.stdout
    words = (ended.stderr or ended.stdout).strip().splitlines()[-1:] or [f"status {ended.returncode}"]
    if "not permitted" in words[0]:
        raise BadInputError(_NO_RIGHTS.format(words=words[0]))
    raise ScanError(f"{command[0]} fails: {words[0][:200]}")
