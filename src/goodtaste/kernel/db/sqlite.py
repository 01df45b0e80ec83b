"""Scripts on SQLite: one thread writes and commits whatever waits, others read from the last commit; synchronous=FULL."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from goodtaste.kernel.db.columns import metadata
from goodtaste.kernel.db.runner import GROUP_MAX, Database, Job, Shape, Unavailable, take
from goodtaste.kernel.db.script import Batch, GuardBroken, Script
from goodtaste.kernel.db.statements import Change
from goodtaste.kernel.errors import refusal_of

A = TypeVar("A")
T = TypeVar("T")

COMMIT_MIN = 8  # batches that always share a commit where so many wait
ROWS_MAX = 128  # parameter rows of one statement
BUSY_MS = 10_000  # how long to wait for another process that writes
READERS = 2
CACHE_KB = 65_536  # of each connection
CHECKPOINT_PAGES = 16_000  # 64 MB of log, then it goes into the file: what changes often is written there but once
_FAILED = re.compile(r"(CHECK|UNIQUE|FOREIGN KEY) constraint failed(?:: (?:index ')?([^']+))?|guard:(\w+)")


def connect(path: str | Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection with the settings every user of the file must have."""
    db = sqlite3.connect(path, isolation_level=None, cached_statements=1024, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA foreign_keys=ON")
    db.execute(
        "PRAGMA temp_store=MEMORY"
    )  # pages that a savepoint would put back: beyond 16 of them they go to a file otherwise
    db.execute(f"PRAGMA cache_size=-{CACHE_KB}")
    db.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    db.execute(f"PRAGMA query_only={int(read_only)}")
    db.create_function("sha256_hex", 1, lambda text: hashlib.sha256(text.encode()).hexdigest(), deterministic=True)
    return db


class SqliteDatabase(Database):
    """A `Database` on one SQLite file.  What is acknowledged is on the disk."""

    engine = "sqlite"
    writers = 1

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = Path(path)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")
        self._connection = connect(self.path)
        self._here = connect(self.path, read_only=True)
        self._idle = [connect(self.path, read_only=True) for _ in range(READERS)]
        self._lock_file: int | None = None

    async def execute(self, sql: str) -> list[tuple[Any, ...]]:
        def work() -> list[tuple[Any, ...]]:
            db = connect(self.path)
            try:
                return db.execute(sql).fetchall()
            finally:
                db.close()

        return await asyncio.to_thread(work)

    async def listen(self, callback: Callable[[], None]) -> None:
        self.on_commit(callback)

    async def lead(self) -> bool:
        """The leader is the process that holds the lock on a file beside the database."""
        if self._lock_file is None:
            self._lock_file = os.open(f"{self.path}.leader", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    async def until_lost(self) -> None:
        """The lock on a file is lost with the process only."""
        await asyncio.Event().wait()

    async def resign(self) -> None:
        self._listeners.clear()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def close(self) -> None:
        await super().close()
        self._writer.shutdown()
        self._readers.shutdown()
        for connection in (self._connection, self._here, *self._idle):
            connection.close()
        if self._lock_file is not None:
            os.close(self._lock_file)

    def _groups_to_write(self) -> list[tuple[Shape, list[Job]]]:
        """Take batches of any kind, about half of those under way: while they are written, the other half gets ready.

        Were all taken, the loop would wait for the writer and the writer for the loop, by turns.
        """
        room, groups = max(COMMIT_MIN, min(GROUP_MAX, self._under_way // 2)), []
        for shape, lane in self._writes.items():
            groups.append((shape, take(lane, room)))
            room -= len(groups[-1][1])
            if not room:
                break
        return groups

    async def _answer(self, batch: Batch) -> list[Any]:
        """A script's reads are by key and take microseconds, so they are made at once, where the script runs.

        Scripts that run in one turn of the event loop read from one snapshot; the next turn sees every commit before it.
        """
        try:
            if not self._here.in_transaction:
                self._here.execute("BEGIN")
                asyncio.get_running_loop().call_soon(self._here.execute, "COMMIT")
            return [_read(self._here, query) for query in batch]
        except sqlite3.OperationalError as error:
            raise Unavailable(str(error)) from error

    async def _read(self, shape: Shape, batches: Sequence[Batch]) -> list[list[Any]]:
        return await self._in(self._readers, self._read_all, batches)

    async def _write(self, groups: list[tuple[Shape, list[Batch]]]) -> list[Exception | None]:
        return await self._in(self._writer, self._write_all, groups)

    async def _run_exactly(self, scripts: Sequence[Script[Any]]) -> list[tuple[Any, Exception | None]]:
        return await self._in(self._writer, self._run_all, scripts)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[A], T], argument: A) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work, argument)
        except sqlite3.OperationalError as error:
            raise Unavailable(str(error)) from error

    # In the threads

    def _read_all(self, batches: Sequence[Batch]) -> list[list[Any]]:
        db = self._idle.pop()
        try:
            db.execute("BEGIN")
            return [[_read(db, query) for query in batch] for batch in batches]
        finally:
            db.execute("COMMIT")
            self._idle.append(db)

    def _write_all(self, groups: list[tuple[Shape, list[Batch]]]) -> list[Exception | None]:
        def work(db: sqlite3.Connection) -> list[Exception | None]:
            outcomes: list[Exception | None] = []
            for shape, batches in groups:
                db.execute("SAVEPOINT one")
                try:
                    for i, statement in enumerate(shape):
                        _write(db, statement, [row for batch in batches for row in batch[i].rows])
                    outcomes.append(None)
                except (GuardBroken, sqlite3.IntegrityError) as stopped:
                    db.execute("ROLLBACK TO one")
                    outcomes.append(stopped)
                db.execute("RELEASE one")
            return outcomes

        return self._commit(work)

    def _run_all(self, scripts: Sequence[Script[Any]]) -> list[tuple[Any, Exception | None]]:
        return self._commit(lambda db: [_run_apart(db, script) for script in scripts])

    def _commit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._connection
        try:
            db.execute("BEGIN IMMEDIATE")
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return result


def _run_apart(db: sqlite3.Connection, script: Script[Any]) -> tuple[Any, Exception | None]:
    """Run `script` in a savepoint; return its value, or what it raised."""
    db.execute("SAVEPOINT one")
    try:
        value, error = _drive(db, script), None
    except sqlite3.OperationalError:
        raise  # the disk or the file, not the script: all have failed
    except Exception as raised:  # noqa: BLE001 - it goes to whoever runs the script
        value, error = None, raised
        db.execute("ROLLBACK TO one")
    db.execute("RELEASE one")
    return value, error


def _drive(db: sqlite3.Connection, script: Script[T]) -> T:
    """Run `script` to its end.  A broken guard is thrown into it; what it does not explain becomes the guard's refusal."""
    steps, sent, broken = script.start(), None, None
    while True:
        try:
            batch: Batch = steps.throw(broken) if broken else steps.send(sent)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        except GuardBroken as unexplained:
            raise refusal_of(unexplained.name) from unexplained
        broken, sent = None, []
        try:
            for item in batch:
                if isinstance(item, Change):
                    _write(db, item.statement, item.rows)
                else:
                    sent.append(_read(db, item))
        except GuardBroken as stopped:
            db.execute("ROLLBACK TO one")
            broken = stopped


def _read(db: sqlite3.Connection, query: Any) -> list[Any]:
    read = query.statement
    return list(map(read.from_sqlite, db.execute(read.sqlite, read.for_sqlite(query.rows[0]))))


def _write(db: sqlite3.Connection, write: Any, rows: Sequence[Any]) -> None:
    """Write parameter rows, many with one statement: each statement gives the interpreter lock away once."""
    if not rows:
        return
    rows = write.summed(rows)
    try:
        if write.per_row:
            done = db.executemany(write.sqlite(1), map(write.for_sqlite, rows)).rowcount
        else:
            done = sum(_write_some(db, write, part) for part in _parts(rows))
    except sqlite3.IntegrityError as error:
        name = _guard_of(error, write)
        if name is None:
            raise
        raise GuardBroken(name) from error
    if write.guard and done != len(rows):
        raise GuardBroken(write.guard)


def _write_some(db: sqlite3.Connection, write: Any, rows: Sequence[Any]) -> int:
    encode = write.for_sqlite
    flat = encode(rows[0]) if len(rows) == 1 else [value for row in rows for value in encode(row)]
    return db.execute(write.sqlite(len(rows)), flat).rowcount


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut `rows` into runs of a power of two each, so that few different texts serve any number of rows."""
    start, size = 0, ROWS_MAX
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


def _guard_of(error: sqlite3.IntegrityError, write: Any) -> str | None:
    """Return the name of the constraint that `error` speaks of, as PostgreSQL would name it, or None for a bug of ours."""
    found = _FAILED.search(str(error))
    if found is None:
        return None
    kind, what, guard = found.groups()
    if guard or kind == "CHECK":
        return guard or what
    if kind == "FOREIGN KEY":
        return f"{write.table.name}_fkey"
    return _unique_names().get(what, what)


def _unique_names() -> dict[str, str]:
    if not _UNIQUE:
        for table in metadata.tables.values():
            keys: list[tuple[Any, Any]] = [(table.primary_key.name, table.primary_key.columns)]
            keys += [(c.name, c.columns) for c in table.constraints if c.__visit_name__ == "unique_constraint"]  # type: ignore[attr-defined]
            keys += [(index.name, index.columns) for index in table.indexes if index.unique]
            for name, columns in keys:
                _UNIQUE.setdefault(", ".join(f"{table.name}.{column.name}" for column in columns), str(name))
    return _UNIQUE


_UNIQUE: dict[str, str] = {}
