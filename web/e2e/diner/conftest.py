"""A demo house with its screens; the browser that looks at them is that of all walks."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from diner_kit import House
from tests.processes import run
from tools import web

CHROMIUM = os.environ.get("GOODTASTE_WALK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
STARTS_S = 90.0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a demo house that serves its screens; they are built first where their sources have outrun them."""
    if CHROMIUM is None and not os.environ.get("GOODTASTE_CI"):
        pytest.skip("there is no Chromium; GOODTASTE_WALK_CHROMIUM says where one is")
    with (web.WEB / ".built-by-one").open("w") as turn:  # of the workers of a test run
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert web.main([]) == 0
        web.install(web.WEB / "staff", tests=True)  # axe-core, with which pages are looked at
    folder, port = tmp_path_factory.mktemp("house"), _free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "GOODTASTE_DATA_DIR": str(folder / "var"),
        "GOODTASTE_PORT": str(port),
        "GOODTASTE_PUBLIC_URL": url,
        "GOODTASTE_LOG_LEVEL": "warning",
    }
    with run("serve", "--demo", env=env, folder=folder) as server:
        until = time.monotonic() + STARTS_S
        while time.monotonic() < until:
            try:
                if httpx.get(f"{url}/health/ready").status_code == 200:
                    break
            except httpx.HTTPError:
                assert server.runs, server.said
            time.sleep(0.2)
        with httpx.Client(base_url=url, timeout=20) as http:
            yield House(url, http)


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Say where pictures go: into `docs/screens` where GOODTASTE_WALK_PICTURES is set, else nowhere."""
    if not os.environ.get("GOODTASTE_WALK_PICTURES"):
        return None
    folder = web.ROOT / "docs" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
