"""Keys and certificates in the PEM files that settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from goodtaste.kernel.config import PREFIX, BadSettings, Fault, Settings

T = TypeVar("T")


def texts(settings: Settings, *names: str) -> list[str]:
    """Return what stands in the files that settings name; raises `BadSettings` naming all that cannot be read."""
    found, faults = [], []
    for name in names:
        path = str(getattr(settings, name))
        try:
            found.append(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault("config.unreadable", PREFIX + name.upper(), path, {"error": str(error)}))
    if faults:
        raise BadSettings(faults)
    return found


def loaded(settings: Settings, name: str, load: Callable[[], T]) -> T:
    """Return what is loaded from the file that a setting names; raises `BadSettings` where it is no key."""
    try:
        return load()
    except ValueError as error:
        where = str(getattr(settings, name))
        raise BadSettings([Fault("config.no_key", PREFIX + name.upper(), where, {"error": str(error)})]) from error
