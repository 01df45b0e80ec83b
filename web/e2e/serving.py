"""A demonstration for walks to go through."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from tests.processes import run

STARTS_S = 90


@contextlib.contextmanager
def demonstration(folder: Path) -> Iterator[str]:
    """Serve the demo brand with its data in `folder`, and give its address once it is ready."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = str(bound.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    env = {"GOODTASTE_DATA_DIR": str(folder), "GOODTASTE_PUBLIC_URL": url, "GOODTASTE_LOG_LEVEL": "warning"}
    with run("serve", "--demo", "--port", port, env=env, folder=folder) as server:
        until = time.monotonic() + STARTS_S
        while not _is_ready(url):
            assert server.runs, server.said
            assert time.monotonic() < until, server.said
            time.sleep(0.2)
        yield url


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False
