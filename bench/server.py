"""A server of the house in processes of its own: started, measured, stopped, or killed without a word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from bench import house

START_S = 30.0  # a server that is not ready by then will not be


class Server:
    """`goodtaste serve`, or a `worker`, on a database, in a process group of its own."""

    def __init__(
        self, database: str, folder: Path, *, port: int, workers: int = 1, role: str = "all", demo: bool = False
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / f"{role}.log"
        serve = ["serve", "--role", role, "--workers", str(workers)]
        self._command = ["worker"] if role == "worker" else serve
        self._command += ["--port", str(port)]
        self._env = os.environ | {
            "GOODTASTE_DATABASE": database,
            "GOODTASTE_DATA_DIR": str(folder),
            "GOODTASTE_SECRET_KEY": house.SECRET,
            "GOODTASTE_LOG_LEVEL": "error",
            "GOODTASTE_DEMO": str(demo).lower(),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it is ready."""
        command = [sys.executable, "-m", "goodtaste", *self._command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._env, start_new_session=True, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server did not start: {self._log.read_text()[-2_000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the server was not ready after {START_S:.0f} s")

    def kill(self) -> None:
        """Kill it and its workers, who learn nothing of it (SIGKILL)."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(START_S)

    def cpu_s(self) -> float:
        """Return the CPU seconds of the whole group so far."""
        if self._process is None:
            return 0.0
        total = 0
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # it has just ended
            if int(fields[2]) == self._process.pid:
                total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")
