"""The service as a process of its own, for tests that stop it, kill it or open its page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError

_START_S = 60.0
_STOP_S = 20.0


class RunningService:
    """`tutelage serve` on a port of its own, which it keeps when it is started again.

    Parameters
    ----------
    models : sequence of Path
        What it serves.
    folder : Path
        Where its store and its log are.
    options : sequence of str
        Further options of the command.
    key : str, optional
        Sent with each request of `call`.
    """

    def __init__(
        self, models: Sequence[Path], folder: Path, options: Sequence[str] = (), key: str | None = None
    ) -> None:
        self._models = models
        self._options = options
        self._log = folder / "serve.log"
        self.store: Path | str = folder / "service.db"
        self.key = key
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it, and return when it listens."""
        port = re.search(r":(\d+)/", self.url)
        command = [
            *(sys.executable, "-m", "tutelage", "serve", *map(str, self._models)),
            *("--store", str(self.store), "--port", port[1] if port else "0", *self._options),
        ]
        environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s and self._process.poll() is None:
            address = re.search(r"http://\S+/", self._log.read_text())
            if address:
                self.url = address[0]
                return self._answering(until_s)
            time.sleep(0.05)
        raise AssertionError(f"the service does not start: {self._log.read_text()}")

    def _answering(self, until_s: float) -> Self:
        while True:
            try:
                self.call("GET", "v1/entry")
                return self
            except URLError:
                assert time.monotonic() < until_s, self._log.read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it, and start it again on the same port."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_STOP_S)
            self._process = None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and return what it answers.

        Parameters
        ----------
        method, path : str
            The request, such as "GET" and "v1/devices".
        body : optional
            What is sent: bytes as they are, anything else as JSON.
        """
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(self.url + path, content, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()
