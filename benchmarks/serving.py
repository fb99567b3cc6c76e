"""Measure the service under load, beside an endpoint of the same framework that only echoes its body.

    python -m benchmarks.serving [--model FOLDER] [--seconds 10]
    python -m benchmarks.serving --memory-minutes 60 [--rate 40]

Needs wrk for the closed loop (Debian: wrk). Delays come from a client of our own. It sends at a fixed rate
and counts from the time at which a request was due, so that a slow answer delays no later request. All
traffic stays on this machine. The model is a k-NN of UJIIndoorLoc unless one is given. Rows go to
results/serving.csv.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result_rows import read_rows, write_rows
from tutelage import Localizer, load
from tutelage.runtime import Runtime
from tutelage.serving.exported_copy import exported_copy

RESULTS = Path("results/serving.csv")
COLUMNS = ("measure", "value", "unit", "beside", "note")
CONNECTIONS = 16
BATCH = 500
DEVICES = 1000

ECHO = """
import sys, uvicorn
from fastapi import FastAPI
from tutelage.serving.api.locate import LocateRequest
app = FastAPI()

@app.post("/v1/locate")
async def echo(request: LocateRequest) -> LocateRequest:
    return request

uvicorn.run(app, port=int(sys.argv[1]), http="httptools", log_level="critical", access_log=False)
"""
LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("{body}", "r")
wrk.body = file:read("*a")
"""


def main() -> None:
    """Measure, print, and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--memory-minutes", type=float, help="measure memory alone, under a steady load")
    parser.add_argument("--rate", type=float, default=40.0, help="positions a second of that load")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing (Debian: apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        model = given.model or _knn(Path(folder, "ujiindoorloc"))
        scan = _scan_of(model)
        if given.memory_minutes:
            rows = [*_memory(model, scan, Path(folder), given.rate, given.memory_minutes)]
        else:
            rows = [*_loaded(model, scan, Path(folder), given.seconds)]
    for row in rows:
        print(*(f"{row[name]}" for name in COLUMNS), sep=" | ")
    new = {row["measure"] for row in rows}
    kept = [row for row in read_rows(RESULTS) if row["measure"] not in new] if RESULTS.exists() else []
    write_rows(RESULTS, COLUMNS, [*rows, *kept])


def _knn(folder: Path) -> Path:
    settings = {"metric": "sorensen", "representation": "powed", "k": 10}
    Localizer("knn", settings=settings).fit(load("ujiindoorloc")).save(folder)
    return folder


def _scan_of(model: Path) -> dict[str, float]:
    """Return a scan of the model's own survey."""
    from tutelage.runtime.exported_file import read_exported
    from tutelage.runtime.survey_map import SurveyMap

    survey = SurveyMap.read(*read_exported(exported_copy(model)))
    row = int(np.argsort(np.diff(survey.rss_dbm.indptr))[len(survey) // 2])
    return {name: round(rss) for name, rss in survey.readings(row).items()}


def _loaded(model: Path, scan: dict[str, float], folder: Path, seconds: float) -> Iterator[dict[str, Any]]:
    one = json.dumps({"scans": [{"rss_dbm": scan}]}).encode()
    many = json.dumps({"scans": [{"rss_dbm": scan}] * BATCH}).encode()
    with _echo() as echo:
        echoed = _closed_loop(echo, one, folder, seconds)
    with _service(model, folder) as (address, _):
        located = _closed_loop(address, one, folder, seconds)
        again = _runtime_alone(model, scan)
        yield _row("single positions", located, "a second", echoed, f"echo; runtime alone {again:.0f}")
        yield _row("single positions, ratio to echo", located / echoed, "", 0.5, "wanted at least")
        in_batches = BATCH * _closed_loop(address, many, folder, seconds, connections=2)
        yield _row("positions in batches", in_batches, "a second", located, f"single; batches of {BATCH}")
        yield _row("batches, ratio to single", in_batches / located, "", 10, "wanted at least")
        time.sleep(2)  # the service still works at batches that wrk has left
        asyncio.run(_open_loop(address, one, located / 2, 1))
        delays_ms = asyncio.run(_open_loop(address, one, located / 2, seconds))
        yield _row("99 % of the answers at half load", _percentile(delays_ms, 99), "ms", 50, "wanted below")
        yield _row("half of the answers at half load", _percentile(delays_ms, 50), "ms", "", "")
        yield _row("median of an update to a listener", *_live(address, scan, seconds))
        yield from _overload(address, scan)


def _row(measure: str, value: float, unit: str, beside: float | str, note: str) -> dict[str, Any]:
    return {
        "measure": measure,
        "value": f"{value:.4g}",
        "unit": unit,
        "beside": beside if isinstance(beside, str) else f"{beside:.4g}",
        "note": note,
    }


# -- servers ----------------------------------------------------------------------------------------------


@contextmanager
def _service(model: Path, folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [
        *(sys.executable, "-m", "tutelage", "serve", str(model), "--port", "0", "--json"),
        *("--store", str(folder / "serving.db"), "--requests-per-second", "1e9"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"], process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@contextmanager
def _echo() -> Iterator[str]:
    port = 8799
    process = subprocess.Popen([sys.executable, "-c", ECHO, str(port)])
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def _runtime_alone(model: Path, scan: dict[str, float]) -> float:
    runtime = Runtime.load(exported_copy(model))
    runtime.locate([scan])
    began = time.perf_counter()
    n = 0
    while time.perf_counter() - began < 2:
        runtime.locate([scan])
        n += 1
    return n / (time.perf_counter() - began)


# -- loads ------------------------------------------------------------------------------------------------


def _closed_loop(
    address: str, body: bytes, folder: Path, seconds: float, connections: int = CONNECTIONS
) -> float:
    """Return how many requests a second are answered when each connection asks again at once."""
    (folder / "body.json").write_bytes(body)
    (folder / "post.lua").write_text(LUA.format(body=folder / "body.json"))
    command = [
        *("wrk", "--threads", "1", "--connections", str(connections), "--timeout", "30s"),
        *("--duration", f"{max(1, round(seconds))}s", "--script", str(folder / "post.lua")),
        f"{address}v1/locate",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


async def _open_loop(address: str, body: bytes, rate_per_s: float, seconds: float) -> list[float]:
    """Return the delay of each answer in milliseconds, from the time at which its request was due."""
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    head = f"POST /v1/locate HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    request = f"{head}Content-Type: application/json\r\n\r\n".encode() + body
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await asyncio.open_connection(host, int(port)))
    delays_ms: list[float] = []

    async def ask(due_s: float) -> None:
        connection = await free.get()
        reader, writer = connection
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert head.startswith(b"HTTP/1.1 200"), head[:100]
        assert length is not None
        await reader.readexactly(int(length[1]))
        delays_ms.append(1000 * (time.perf_counter() - due_s))
        free.put_nowait(connection)

    began_s = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()
    for number in range(int(rate_per_s * seconds)):
        due_s = began_s + number / rate_per_s
        if (pause_s := due_s - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        tasks.add(task := asyncio.create_task(ask(due_s)))
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait()[1].close()
    return delays_ms


def _percentile(values: list[float], share: float) -> float:
    return float(np.percentile(values, share))


def _live(address: str, scan: dict[str, float], seconds: float) -> tuple[float, str, str, str]:
    """Post scans of 1,000 devices each second, and return how old points are when a listener has them."""
    script = (
        "import json,sys,time,urllib.request\n"
        f"stream=urllib.request.urlopen({address!r}+'v1/events')\n"
        f"end=time.time()+{seconds}\nages=[];seen=set()\n"
        "while time.time()<end:\n"
        "    line=stream.readline()\n"
        "    if line.startswith(b'data: [') :\n"
        "        for p in json.loads(line[6:]):\n"
        "            ages.append(time.time()-p['time_s']); seen.add(p['device'])\n"
        "ages.sort(); print(json.dumps([ages[len(ages)//2], ages[int(.99*len(ages))], len(seen)]))\n"
    )
    listener = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    ends_s = time.time() + seconds + 1
    while time.time() < ends_s:
        now_s = time.time()
        for first in range(0, DEVICES, 250):
            devices = range(first, first + 250)
            scans = [{"rss_dbm": scan, "device": f"d{i}", "time_s": time.time()} for i in devices]
            _post(address, {"scans": scans})
        time.sleep(max(0.0, 1 - (time.time() - now_s)))
    said, _ = listener.communicate(timeout=30)
    median_s, late_s, n_seen = json.loads(said)
    return 1000 * median_s, "ms", f"{1000 * late_s:.4g}", f"99 %; {n_seen} devices, a scan a second each"


def _overload(address: str, scan: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Send far more than the service can do, and see what it answers and how soon it is itself again."""
    body = json.dumps({"scans": [{"rss_dbm": scan}] * 2000}).encode()
    statuses = asyncio.run(_at_once(address, body, 40))
    refused = [ms for status, ms in statuses if status in (429, 503)]
    began = time.perf_counter()
    _post(address, {"scans": [{"rss_dbm": scan}]})
    recovered_s = time.perf_counter() - began
    others = {status for status, _ in statuses} - {200, 429, 503}
    note = f"{len(refused)} of {len(statuses)} requests; other statuses: {sorted(others) or 'none'}"
    yield _row("time to a refusal under overload", float(np.median(refused or [np.nan])), "ms", "", note)
    yield _row("first position after the overload", 1000 * recovered_s, "ms", 1000, "wanted below")


async def _at_once(address: str, body: bytes, n: int) -> list[tuple[int, float]]:
    host, port = address.removeprefix("http://").rstrip("/").split(":")

    async def ask() -> tuple[int, float]:
        reader, writer = await asyncio.open_connection(host, int(port))
        began = time.perf_counter()
        head = f"POST /v1/locate HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nConnection: close\r\n\r\n".encode() + body)
        answer = await reader.read()
        writer.close()
        return int(answer[9:12]), 1000 * (time.perf_counter() - began)

    return [*await asyncio.gather(*(ask() for _ in range(n)))]


def _memory(
    model: Path, scan: dict[str, float], folder: Path, rate_per_s: float, minutes: float
) -> Iterator[dict[str, Any]]:
    """Watch the memory of the service under a steady load of devices."""
    body = json.dumps({"scans": [{"rss_dbm": scan, "device": "phone"}]}).encode()
    with _service(model, folder) as (address, process):
        asyncio.run(_open_loop(address, body, rate_per_s, 60))
        before_mb = _rss_mb(process.pid)
        asyncio.run(_open_loop(address, body, rate_per_s, 60 * minutes))
        after_mb = _rss_mb(process.pid)
    note = f"after a minute; {minutes:g} minutes at {rate_per_s:.0f} scans of a device a second"
    yield _row("memory after a steady load", after_mb, "MB", f"{before_mb:.4g}", note)


def _rss_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1000


def _post(address: str, body: Any) -> Any:
    request = urllib.request.Request(
        f"{address}v1/locate", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
