"""Send changed bodies to every operation of the service: whatever ends in a fault, or eats memory, is told.

    python -m benchmarks.service_fuzz [N] [--seed 0]

Bodies are what clients send, changed at random: bytes cut, doubled and replaced, numbers out of range, deep
nesting, other types, gzip and broken gzip. The service runs in this process, without a socket. The exit code
is 1 if an answer has status 500 or more, other than 503.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import gzip
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI

import tutelage as tt
from tutelage.serving.app import create_app
from tutelage.serving.served_models import ServedModels
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Store
from tutelage.serving.tracks.settings import TrackSettings

ENDLESS = "/v1/events"
HEARD = {"01:23:45:67:89:ab": -61, "AP001": -70, "AP002": -55.5}
BODIES: tuple[Any, ...] = (
    {},
    {"wifiAccessPoints": [{"macAddress": "01:23:45:67:89:ab", "signalStrength": -61, "age": 5}]},
    {
        "items": [
            {"timestamp": 1764410000123, "wifiAccessPoints": [{"macAddress": "x", "signalStrength": -1}]}
        ]
    },
    {"scans": [{"rss_dbm": HEARD, "time_s": 1764410000.5, "device": "d"}]},
    {"device": "d", "scans": [{"rss_dbm": HEARD, "time_s": 1764410000.5}]},
    {"d": "a", "f": "b", "l": "c", "t": 1764410000123, "s": {"wifi": HEARD, "bluetooth": HEARD}},
    {"id": "s", "name": "s", "device": "d", "floor": "1"},
    {
        "marks": [
            {"id": "m", "kind": "walk", "start_s": 1, "end_s": 2, "x_m": 1, "y_m": 2, "x2_m": 3, "y2_m": 4}
        ]
    },
    {"state": "open", "clock_offset_s": 3.5},
    {"end_s": 5, "undone": True},
    {"points": [{"column": 1, "row": 2, "x_m": 3, "y_m": 4}, {"column": 9, "row": 2, "x_m": 30, "y_m": 4}]},
    {"name": "Kitchen"},
    {"key": "ttl_x"},
    {"do": "begin"},
)
PIECES = (
    *(b"NaN", b"1e999", b"-1", b"null", b"true", b"[", b"]", b"{", b"}", b'"', b",", b":", b"\x00", b"\xff"),
    *(b"[" * 2000, b'{"a":' * 500, b"9" * 400, b'"\\ud800"', b"\xe2\x88\x92", b"", b"1764410000123456789"),
)


NUMBERS = (*PIECES[:4], b"1e300", b"-121", b"0.5")


def changed(content: bytes, rng: random.Random) -> bytes:
    """Return a body with a few random changes."""
    body = bytearray(content)
    for _ in range(rng.choice([0, 1, 1, 2, 4, 12])):
        at = rng.randrange(len(body) + 1)
        how = rng.random()
        if how < 0.4:
            body[at:at] = rng.choice(PIECES)
        elif how < 0.6:
            del body[at : at + rng.choice([1, 3, 20])]
        elif how < 0.8 and body:
            body[rng.randrange(len(body))] = rng.randrange(256)
        else:
            numbers = [*re.finditer(rb"-?\d+(\.\d+)?", body)]
            if numbers:
                chosen = rng.choice(numbers)
                body[chosen.start() : chosen.end()] = rng.choice(NUMBERS)
    whole = bytes(body)
    packing = rng.random()
    return gzip.compress(whole)[: rng.choice([10**9, 30])] if packing < 0.1 else whole


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """Return method and path of every operation, with something in the place of each parameter."""
    found = []
    for path, methods in app.openapi()["paths"].items():
        if path != ENDLESS:
            found += [(method.upper(), re.sub(r"\{\w+\}", "d", path)) for method in methods]
    return found


async def answer(app: FastAPI, method: str, path: str, body: bytes, rng: random.Random) -> int:
    """Send one request without a socket, and return its status."""
    headers = [(b"host", b"127.0.0.1"), (b"content-length", str(len(body)).encode())]
    if body.startswith(b"\x1f\x8b"):
        headers.append((b"content-encoding", b"gzip"))
    kinds = (b"application/json", b"text/plain", b"image/png", b"", b"application/x-www-form-urlencoded")
    headers.append((b"content-type", rng.choice(kinds)))
    sent = [{"type": "http.request", "body": body, "more_body": False}]
    status = [0]

    async def receive() -> dict[str, Any]:
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status[0] = message["status"]

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "headers": headers,
        "query_string": rng.choice([b"", b"key=x", b"floor=1&name=a", b"access_point=AP001&limit=-1"]),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, send)
    return status[0]


def memory_mb() -> float:
    """Return the memory of this process that is in use."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) / 1000


async def run(n: int, seed: int, folder: Path) -> int:
    """Send n bodies, print what came back, and return the number of faults."""
    tt.Localizer("knn").fit(tt.simulated_survey(seed=2, n_train=200)).save(folder / "office")
    rng = random.Random(seed)
    statuses: collections.Counter[int] = collections.Counter()
    faults: dict[str, bytes] = {}
    with Store.open(str(folder / "a.db")) as store:
        settings = ServeSettings(requests_per_s=1e9)
        service = Service(
            ServedModels([folder / "office"]), store, settings, TrackSettings(), folder / "models"
        )
        app = create_app(service, needs_keys=False)
        asked = operations(app)
        async with app.router.lifespan_context(app):
            began_s, first_mb = time.monotonic(), 0.0
            for number in range(n):
                method, path = rng.choice(asked)
                body = changed(json.dumps(rng.choice(BODIES)).encode(), rng)
                try:
                    status = await answer(app, method, path, body, rng)
                except Exception as error:  # whatever it is
                    status = 599
                    faults.setdefault(f"{method} {path}: {type(error).__name__}: {error}", body)
                statuses[status] += 1
                if status >= 500 and status not in (503, 599):
                    faults.setdefault(f"{method} {path}: status {status}", body)
                if number == n // 5:
                    first_mb = memory_mb()
            spent_s = time.monotonic() - began_s
    print(f"{n:,} bodies to {len(asked)} operations in {spent_s:.0f} s: {dict(sorted(statuses.items()))}")
    print(f"memory: {first_mb:.0f} MB after a fifth, {memory_mb():.0f} MB at the end")
    for fault, body in faults.items():
        print(f"fault: {fault}\n    {body[:200]!r}")
    return len(faults)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", nargs="?", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(bool(asyncio.run(run(given.n, given.seed, Path(folder)))))


if __name__ == "__main__":
    main()
