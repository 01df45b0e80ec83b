"""A demo house with its screens; the browser that looks at them is that of all walks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from diner_kit import House
from serving import demonstration
from tools import web


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve a demonstration for the walks of diners."""
    with (
        demonstration(tmp_path_factory.mktemp("house")) as url,
        httpx.Client(base_url=url, timeout=20) as http,
    ):
        yield House(url, http)


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Say where pictures go: into `docs/screens` where GOODTASTE_WALK_PICTURES is set, else nowhere."""
    if not os.environ.get("GOODTASTE_WALK_PICTURES"):
        return None
    folder = web.ROOT / "docs" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
