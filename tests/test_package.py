"""What is given away: the wheel holds all that a house needs, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=110)
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_holds_every_file_of_the_package(unpacked: Path) -> None:
    source = ROOT / "src" / "goodtaste"
    wanted = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {
        Path("_migrations") / path.relative_to(ROOT / "migrations")
        for path in (ROOT / "migrations").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = unpacked / "goodtaste"
    assert {path.relative_to(packed) for path in packed.rglob("*") if path.is_file()} == wanted
    assert {path.name.partition("-")[0] for path in unpacked.iterdir()} == {"goodtaste"}


def test_the_wheel_makes_a_house(unpacked: Path, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GOODTASTE_")}
    env |= {"PYTHONPATH": str(unpacked), "GOODTASTE_DATA_DIR": str(tmp_path), "GOODTASTE_LANGUAGE": "en"}
    for command, told in (("migrate", "revision -"), ("ledger", "proofs hold"), ("doctor", "Nothing needs mending")):
        done = subprocess.run(
            [sys.executable, "-m", "goodtaste", command],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert (done.returncode, told in done.stdout) == (0, True), done.stdout + done.stderr
