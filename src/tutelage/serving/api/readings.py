"""Access points and beacons as phones report them, and the scan that they make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tutelage.runtime.access_point_names import NO_MAP, is_mac, normalised_name
from tutelage.serving.heard_scans import HeardScan

__all__ = [
    "Beacon",
    "Beacons",
    "ScanResult",
    "ScanResults",
    "WifiAccessPoint",
    "WifiAccessPoints",
    "heard_scan",
    "phone_scan",
]

_MOST_ITEMS = 2000
_MS = 1000.0
_US_IN_MS = 1000.0


class _Transmitter(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    mac_address: str = Field(alias="macAddress", max_length=40, examples=["01:23:45:67:89:ab"])
    signal_strength: float = Field(
        alias="signalStrength", ge=-120, lt=0, description="RSS in dBm.", examples=[-61]
    )
    age: float = Field(
        default=0, ge=-3_600_000, le=3_600_000, description="How long ago it was heard, in milliseconds."
    )

    @property
    def name(self) -> str | None:
        """Its address in one spelling; None if it is none."""
        bare = self.mac_address.replace(".", "").replace(" ", "")
        return normalised_name(bare) if is_mac(bare) else None


class WifiAccessPoint(_Transmitter):
    """A Wi-Fi access point in a scan."""

    ssid: str | None = Field(default=None, max_length=200, examples=["office"])


class Beacon(_Transmitter):
    """A Bluetooth beacon in a scan."""


class ScanResult(_Transmitter):
    """An access point as Android's list of scan results has it; Termux prints such lists."""

    mac_address: str = Field(validation_alias=AliasChoices("bssid", "BSSID"), max_length=40)
    signal_strength: float = Field(validation_alias=AliasChoices("rssi", "level"), ge=-120, lt=0)
    ssid: str | None = Field(default=None, validation_alias=AliasChoices("ssid", "SSID"), max_length=200)
    timestamp: float = Field(default=0, ge=0, le=1e18, description="Microseconds since the phone started.")


def _sound(kind: type[_Transmitter]) -> BeforeValidator:
    """Leave out the items of a list that break a rule, as the geolocation services do."""

    def keep(items: Any) -> Any:
        if not isinstance(items, list):
            return [] if items is None else items
        return [item for item in map(_parsed(kind), items[:_MOST_ITEMS]) if item is not None]

    return BeforeValidator(keep)


def _parsed(kind: type[_Transmitter]) -> Any:
    def parse(item: Any) -> _Transmitter | None:
        try:
            return kind.model_validate(item)
        except ValidationError:
            return None

    return parse


WifiAccessPoints = Annotated[list[WifiAccessPoint], _sound(WifiAccessPoint)]
Beacons = Annotated[list[Beacon], _sound(Beacon)]
ScanResults = Annotated[list[ScanResult], _sound(ScanResult)]


def heard_scan(items: Iterable[_Transmitter], time_s: float) -> HeardScan:
    """Make a scan of what a phone reports; what is heard twice counts once, as the mean.

    Parameters
    ----------
    items : iterable
        Access points and beacons. Those whose owners do not want to be used (their names end in `_nomap`),
        and those whose address is none, are left out.
    time_s : float
        When the scan was taken, in seconds since 1970.

    Returns
    -------
    HeardScan
        The scan.
    """
    rss_dbm: dict[str, list[float]] = defaultdict(list)
    age_s: dict[str, float] = {}
    for item in items:
        name = item.name
        if name is None or (getattr(item, "ssid", None) or "").endswith(NO_MAP):
            continue
        rss_dbm[name].append(item.signal_strength)
        age_s[name] = abs(item.age) / _MS
    return HeardScan({name: sum(rss) / len(rss) for name, rss in rss_dbm.items()}, time_s, age_s)


def phone_scan(results: Sequence[ScanResult], time_s: float) -> HeardScan:
    """Make a scan of Android's results; the newest is fresh, and the others are older by their timestamps.

    Parameters
    ----------
    results : sequence of ScanResult
        The list that a phone gave.
    time_s : float
        When it gave it, in seconds since 1970.

    Returns
    -------
    HeardScan
        The scan.
    """
    newest_us = max((result.timestamp for result in results), default=0.0)
    aged = (
        result.model_copy(update={"age": (newest_us - result.timestamp) / _US_IN_MS}) for result in results
    )
    return heard_scan(aged, time_s)
