"""A PostgreSQL server of our own: for a test that stops it in the middle of everything, or that wants settings of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

OWNER = "postgres"  # who runs it where we are root, which PostgreSQL refuses to be


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's server programs, or None where they are not installed."""
    found = shutil.which("pg_ctl")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


class OwnPostgres:
    """A server with default durability, listening on a free port of this machine; `settings` are PostgreSQL's own, by name."""

    def __init__(self, folder: Path, **settings: str) -> None:
        place = binaries()
        if place is None:
            raise RuntimeError("PostgreSQL's server programs are not installed (Debian: apt install postgresql)")
        self._bin, self._data, self._port, self._settings = place, folder / "postgres", free_port(), settings
        self.address = f"postgresql://{OWNER}@127.0.0.1:{self._port}"
        self._data.mkdir()
        if os.getuid() == 0:
            for path in (folder, self._data):
                path.chmod(0o755)
            owner = pwd.getpwnam(OWNER)
            os.chown(self._data, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(self._data))

    def _run(self, program: str, *arguments: str) -> None:
        as_owner = ["runuser", "-u", OWNER, "--"] if os.getuid() == 0 else []
        command = [*as_owner, str(self._bin / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self) -> None:
        """Start it, recovering from its log where it was stopped without a word."""
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._data), **self._settings}
        options = " ".join([f"-p {self._port}", *(f"-c {name}={value}" for name, value in settings.items())])
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-o", options, "-l", str(self._data / "log"))

    def stop(self, *, how: str = "fast") -> None:
        """Stop it; `immediate` drops everything where it is."""
        self._run("pg_ctl", "stop", "-w", "-m", how, "-D", str(self._data))
