"""Figures: what a benchmark saw, with its target, its command and the machine; kept by name in results.json."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

RESULTS = Path(__file__).with_name("results.json")


class Figure(msgspec.Struct, frozen=True):
    """One figure.  `met` is None where it has no target; `on` is the day it was measured."""

    name: str
    value: float
    unit: str
    target: str
    met: bool | None
    command: str
    machine: str
    on: str


def machine() -> str:
    """Describe this machine in a line."""
    cpu = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores {cpu}, {memory_gib:.0f} GiB, Python {python}, SQLite {sqlite3.sqlite_version}"


def figure(
    name: str,
    seen: float | Sequence[float],
    unit: str,
    *,
    command: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Return the figure that the median of what was `seen` makes, held against its target."""
    value = statistics.median(seen) if isinstance(seen, Sequence) else seen
    target, met = "", None
    if at_least is not None:
        target, met = f">= {at_least:g}", value >= at_least
    elif at_most is not None:
        target, met = f"<= {at_most:g}", value <= at_most
    digits = 4 if abs(value) < 10 else 1
    return Figure(name, round(value, digits), unit, target, met, command, machine(), str(datetime.now(UTC).date()))


def ratios(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """Return how often `b` goes into `a`, round by round."""
    return [x / y for x, y in zip(a, b, strict=True)]


def keep(figures: Sequence[Figure], path: Path = RESULTS) -> list[Figure]:
    """Put figures in the place of those of the same name, and return all that are kept, by name."""
    kept = msgspec.json.decode(path.read_bytes(), type=list[Figure]) if path.exists() else []
    by_name = {each.name: each for each in [*kept, *figures]}
    result = [by_name[name] for name in sorted(by_name)]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return result
