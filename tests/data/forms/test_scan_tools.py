"""The output of scan tools is one scan; percent of quality become dBm, and that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.data.surveys import load, read_scans
from tutelage.errors import BadInputError, ReadAsWarning

A, B = "a0:b1:c2:00:00:01", "a0:b1:c2:00:00:02"
NMCLI = f"""IN-USE  BSSID              SSID       MODE   CHAN  RATE        SIGNAL  BARS  SECURITY
*       {A.upper()}  my net 5G  Infra  36    270 Mbit/s  84      ****  WPA2
        {B.upper()}  --         Infra  1     54 Mbit/s   40      **    --
"""
NMCLI_T = r"""*:A0\:B1\:C2\:00\:00\:01:my\:net:Infra:36:270 Mbit/s:84:****:WPA2
 :A0\:B1\:C2\:00\:00\:02::Infra:1:54 Mbit/s:40:**:
"""
NMCLI_SHORT = r"""my net:A0\:B1\:C2\:00\:00\:01:84:WPA2
other:A0\:B1\:C2\:00\:00\:02:40:
"""
IW = f"""BSS {A}(on wlan0) -- associated
\tfreq: 2437
\tsignal: -58.00 dBm
\tSSID: net
BSS {B}(on wlan0)
\tsignal: -80.00 dBm
\tSSID: net
"""
IWLIST = f"""wlp3s0    Scan completed :
          Cell 01 - Address: {A.upper()}
                    Quality=57/70  Signal level=-58 dBm
                    ESSID:"net"
          Cell 02 - Address: {B.upper()}
                    Quality=40/100  Signal level=40/100
                    ESSID:""
"""
NETSH = f"""Interface name : Wi-Fi
There are 1 networks currently visible.

SSID 1 : net
    Network type            : Infrastructure
    BSSID 1                 : {A}
         Signal             : 84%
         Channel            : 40
    BSSID 2                 : {B}
         Signal             : 40%
"""
AIRPORT = f"""                        SSID BSSID             RSSI CHANNEL HT CC SECURITY (auth)
                     my net here {A} -58  6       Y  -- WPA(PSK/AES,TKIP/TKIP)
                             net {B} -80  1,+1    N  NL NONE
"""


@pytest.mark.parametrize(
    ("text", "n_percent"),
    [(NMCLI, 2), (NMCLI_T, 2), (NMCLI_SHORT, 2), (IW, 0), (IWLIST, 1), (NETSH, 2), (AIRPORT, 0)],
    ids=["nmcli", "nmcli -t", "nmcli -f", "iw", "iwlist", "netsh", "airport"],
)
def test_each_tool_is_recognised_by_its_output(tmp_path: Path, text: str, n_percent: int) -> None:
    path = tmp_path / "scan.txt"
    path.write_text(text)
    if n_percent:
        with pytest.warns(
            ReadAsWarning, match=f"{n_percent} strengths are percent .* dBm = percent / 2 - 100"
        ):
            scans = read_scans(path)
    else:
        scans = read_scans(path)
    assert (scans.access_points, scans.rss_dbm.toarray().tolist()) == ((A, B), [[-58, -80]])
    with pytest.raises(BadInputError, match=r"one scan of .*, without a place; locate it"):
        load(path)
