"""Processes of their own that a test starts: whatever becomes of them, no wait for them is without an end, and none outlives its test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ENDS_S = 60.0  # for a process that was asked to stop, on a machine that does many other things


class Run:
    """A command of the house that runs, with all it starts, in a group of its own; what it says goes into files."""

    def __init__(self, words: tuple[str, ...], env: Mapping[str, str], folder: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GOODTASTE_")}
        self._files = [folder / f"said-{os.urandom(4).hex()}-{name}" for name in ("out", "err")]
        with self._files[0].open("wb") as out, self._files[1].open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "goodtaste", *words],
                env={**inherited, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return "".join(file.read_text("utf-8") for file in self._files)

    def ask_to_stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, as a person or a service manager would."""
        self._process.send_signal(how)

    def kill(self) -> None:
        """Kill it with all it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(ENDS_S)

    def ended(self) -> int:
        """Wait for its end and return its exit code; one that goes on is killed and at fault."""
        try:
            return self._process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {ENDS_S} s: {self.said}") from None


@contextlib.contextmanager
def run(*words: str, env: Mapping[str, str], folder: Path) -> Iterator[Run]:
    """Give a command that runs; what of it still runs at the end is killed."""
    made = Run(words, env, folder)
    try:
        yield made
    finally:
        made.kill()
