"""How the service runs: where it listens, what it keeps, and its limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from tutelage.errors import BadInputError

__all__ = ["ServeSettings"]

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_POSITIVE = (
    *("max_age_s", "window_s", "min_receivers", "body_bytes", "batch_bytes", "requests_per_s"),
    *("waiting_scans", "streams", "retention_days", "idle_s"),
)


@dataclass(frozen=True)
class ServeSettings:
    """Settings of a service.

    Parameters
    ----------
    host : str
        Address to listen on. Any other than a loopback address needs keys.
    port : int
        Port to listen on; 0 takes a free one.
    level : float
        Share of the true positions that radii contain, and of the true places that sets contain.
    max_age_s : float
        Readings that a device heard longer ago are left out, in seconds.
    window_s : float
        What fixed receivers hear of a device within so many seconds becomes one scan.
    min_receivers : int
        Receivers that must hear a device for a scan.
    body_bytes, batch_bytes : int
        Largest body of a request, inflated: of most, and of those that carry batches of scans.
    requests_per_s : float
        Requests that one client may send in the long run; twice as many at once.
    trusted_proxies : tuple of str
        Addresses or networks of proxies that say whom they ask for, in the header X-Forwarded-For.
    public_names : tuple of str
        Names by which clients reach the service through a proxy, such as `building.example`. A service with
        one needs keys. A service on a loopback address refuses requests to other names.
    idle_s : int
        A connection is closed that sends no request for so many seconds, or only a part of one's head.
    waiting_scans : int
        Scans that may wait for a position; more are refused with status 503.
    streams : int
        Browsers and programs that may listen to live positions at once.
    retention_days : float
        How long tracks of devices are kept. Survey scans are kept until they are deleted.
    log_clients : bool
        Whether log lines have the addresses of clients; otherwise a short hash stands for each.

    Raises
    ------
    BadInputError
        If a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    level: float = 0.95
    max_age_s: float = 30.0
    window_s: float = 10.0
    min_receivers: int = 1
    body_bytes: int = 1_000_000
    batch_bytes: int = 32_000_000
    requests_per_s: float = 200.0
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    public_names: tuple[str, ...] = ()
    idle_s: int = 10
    waiting_scans: int = 4_000
    streams: int = 100
    retention_days: float = 30.0
    log_clients: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.port <= 65535:
            raise BadInputError(f"port {self.port}: ports run from 0 to 65535, and 0 takes a free one")
        if not 0 < self.level < 1:
            raise BadInputError(f"level {self.level}: give a share between 0 and 1, such as 0.95")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise BadInputError(f"{name} is {getattr(self, name)}; give a number above 0")
        for name in self.public_names:
            if not _NAME.fullmatch(name):
                raise BadInputError(f"public name {name!r}: give a name alone, such as building.example")
        _ = self.proxy_networks

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_private(self) -> bool:
        """Whether nobody from elsewhere is let in, by a proxy either."""
        return self.is_loopback and not self.public_names

    @property
    def proxy_networks(self) -> list[str]:
        """Networks of trusted proxies; those of IPv4 also as a service that listens on `::` sees them."""
        networks = [_network(proxy) for proxy in self.trusted_proxies]
        mapped = [
            f"::ffff:{network.network_address}/{96 + network.prefixlen}"
            for network in networks
            if network.version == 4
        ]
        return [*map(str, networks), *mapped]


def _network(proxy: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(proxy, strict=False)
    except ValueError as error:
        raise BadInputError(
            f"trusted proxy {proxy!r} is no address; give one such as 10.0.0.5, or a network such as "
            "172.30.0.0/24"
        ) from error
