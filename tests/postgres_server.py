"""A PostgreSQL server of the system's packages, in a folder of its own, reached by a socket there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

__all__ = ["PROGRAMS", "PostgresServer"]


def _programs() -> Path | None:
    """Return the folder of the newest server; Debian keeps it off the path."""
    versions = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=shutil.which("postgres"))
    return Path(newest).parent if newest else None


PROGRAMS = _programs()
# The server refuses to run as root.
_AS_OTHER_USER = ["runuser", "-u", "postgres", "--"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


class PostgresServer:
    """A server that is started when it is made. What it says of a commit is on the disk: fsync stays on."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # the path of a socket has to be short
        self._numbers = count()
        if _AS_OTHER_USER:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start the server, which recovers what a killed one has left."""
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=60"
        self._run(
            "pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}", f"--options={options}"
        )

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")
        shutil.rmtree(self.folder)

    def new_url(self) -> str:
        """Make an empty schema, a matter of milliseconds, and return the URL of a store there."""
        schema = f"schema_{next(self._numbers)}"
        self.psql(f"CREATE SCHEMA {schema}")
        return f"postgresql://postgres@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def psql(self, command: str) -> str:
        """Run one command of SQL and return what it prints."""
        return self._run(
            "psql", f"--host={self.folder}", "--username=postgres", "--no-psqlrc", "-qtAc", command
        )

    def kill(self) -> None:
        """Kill the whole server with SIGKILL, as a crash would, and wait until it is gone."""
        (postmaster,) = (self.folder / "data" / "postmaster.pid").read_text().splitlines()[:1]
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in map(int, (postmaster, *children)):
            os.kill(process, signal.SIGKILL)
        while any(Path(f"/proc/{process}").exists() for process in (postmaster, *children)):
            time.sleep(0.005)

    def kill_a_client_process(self) -> None:
        """Kill the process that serves one client; the server then drops all clients and recovers."""
        process = self.psql(
            "SELECT pid FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1"
        )
        os.kill(int(process), signal.SIGKILL)

    def wait(self, seconds: float = 60) -> None:
        """Wait until the server accepts clients again."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.psql("SELECT 1")
                return
            except AssertionError:  # it recovers
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> str:
        assert PROGRAMS is not None
        command = [*_AS_OTHER_USER, str(PROGRAMS / program), *arguments]
        environment = {**os.environ, "PGDATA": str(self.folder / "data")}
        # A server that goes on would keep a pipe open, so output goes to files.
        with tempfile.TemporaryFile("w+") as printed:
            ended = subprocess.run(
                command, stdout=printed, stderr=subprocess.STDOUT, env=environment, cwd="/", check=False
            )
            printed.seek(0)
            output = printed.read()
        assert ended.returncode == 0, f"{program}: {output}"
        return output
