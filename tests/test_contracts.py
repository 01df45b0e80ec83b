"""The walls between the rooms stand, and each kind of hole in them is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

HOLES = {
    "a room that knows one above it": ("kernel/hole.py", "import goodtaste.ordering.api\n", "layers:"),
    "a room that knows its neighbour in the same layer": ("payment/hole.py", "import goodtaste.menu.api\n", "layers:"),
    "the published language that knows a room": ("events/hole.py", "from goodtaste.org import api\n", "layers:"),
    "a folder that stands in no layer": ("attic/__init__.py", "", "layers: goodtaste.attic stands in no layer"),
    "a room entered by the window": ("ordering/hole.py", "from goodtaste.menu import stock\n", "doors:"),
    "a table of another room": ("member/hole.py", "import goodtaste.ledger.tables\n", "doors:"),
    "a noun that knows the web": ("menu/hole.py", "from litestar import Response\n", "web:"),
    "a kernel that knows the web beside its edge": ("kernel/hole.py", "import uvicorn\n", "web:"),
    "rules that read the clock": ("org/rules.py", "from goodtaste.kernel import clock\n", "pure:"),
    "rules that reach the database by a roundabout way": (
        "member/rules.py",
        "from goodtaste.member import record\n",
        "pure:",
    ),
    "rules that throw dice": ("promo/rules.py", "import random\n", "pure:"),
    "prices that ask the network": ("pricing/hole.py", "import httpx\n", "pure:"),
}


def _check(source: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/contracts.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=110,
    )


def test_the_walls_stand() -> None:
    done = _check(ROOT / "src")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the package to dig holes in."""
    source = tmp_path_factory.mktemp("copy") / "src"
    shutil.copytree(ROOT / "src" / "goodtaste", source / "goodtaste", ignore=shutil.ignore_patterns("__pycache__"))
    return source


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_is_found(copy: Path, hole: str) -> None:
    name, code, expected = HOLES[hole]
    path = copy / "goodtaste" / name
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or '"""A hole."""\n').replace("from __future__ import annotations\n", "") + code)
    try:
        done = _check(copy)
    finally:
        if before is None:
            path.unlink()
            if name.endswith("__init__.py"):
                path.parent.rmdir()
        else:
            path.write_text(before)
    assert done.returncode == 1, done.stdout + done.stderr
    module = "goodtaste." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert [line for line in done.stdout.splitlines() if line.startswith(expected) and module in line], done.stdout
