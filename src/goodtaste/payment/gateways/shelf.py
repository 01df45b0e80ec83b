"""The file in which the sandboxes keep their books, so that a demonstration that starts again goes on where it stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

FILE = "sandboxes.db"
T = TypeVar("T")


class Shelf:
    """One file for all sandboxes of a process.  What is written is there when the process is gone; a power cut may take the last of it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS held (book TEXT, kind TEXT, key TEXT, what BLOB, UNIQUE (book, kind, key))"
        )

    def read(self, book: str, kind: str, type_: type[T]) -> Iterator[tuple[str, T]]:
        """Return what a book holds of a kind, oldest first."""
        rows = self._file.execute("SELECT key, what FROM held WHERE book = ? AND kind = ? ORDER BY rowid", (book, kind))
        return ((key, msgspec.json.decode(what, type=type_)) for key, what in rows.fetchall())

    def write(self, book: str, changes: Iterable[tuple[str, str, Any]]) -> None:
        """Write what changed in a book: by kind and key, what is there now, or None where it is gone."""
        self._file.execute("BEGIN")
        for kind, key, what in changes:
            if what is None:
                self._file.execute("DELETE FROM held WHERE book = ? AND kind = ? AND key = ?", (book, kind, key))
            else:
                self._file.execute(
                    "INSERT INTO held VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET what = excluded.what",
                    (book, kind, key, msgspec.json.encode(what)),
                )
        self._file.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Kept:
    """Books that know what changed in them, and write it to a shelf where they have one."""

    def __init__(self, shelf: Shelf | None, book: str) -> None:
        self._shelf, self._book = shelf, book
        self._changed: dict[tuple[str, str], None] = {}

    def _touch(self, kind: str, key: str = "") -> None:
        if self._shelf is not None:
            self._changed[kind, key] = None

    def _read(self, kind: str, type_: type[T]) -> Iterator[tuple[str, T]]:
        return self._shelf.read(self._book, kind, type_) if self._shelf is not None else iter(())

    def flush(self) -> None:
        """Write down what changed; whoever answers does so first."""
        if self._shelf is not None and self._changed:
            self._shelf.write(self._book, [(kind, key, self._held_as(kind, key)) for kind, key in self._changed])
            self._changed.clear()

    def _held_as(self, kind: str, key: str) -> Any:
        raise NotImplementedError
