"""Scripts on PostgreSQL through asyncpg.

The rows of all batches of a group travel as one JSON parameter a statement, and a batch of writes is one SQL statement, so a group is
one round trip that needs no BEGIN and no COMMIT.  Every group takes its row locks under one advisory lock: without it groups of two
processes would take rows in different order and deadlock; with it, places in the outbox become visible in their order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg
import msgspec

from goodtaste.kernel.db.runner import Again, Database, LeadershipLost, Shape, Unavailable
from goodtaste.kernel.db.script import Batch, GuardBroken, Script
from goodtaste.kernel.db.statements import INPUT, Change, Read, Write
from goodtaste.kernel.errors import refusal_of

T = TypeVar("T")

WRITE_LOCK = 7_305_001  # the advisory lock of those who write
LEADER_LOCK = 7_305_002
CHANNEL = "goodtaste_outbox"
TIMEOUT_S = 15.0
LEADER_CHECK_S, LEADER_ANSWER_S = 1.0, 3.0
_BROKEN = (asyncpg.IntegrityConstraintViolationError, asyncpg.CardinalityViolationError)
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    OSError,
    TimeoutError,
)

# Scripts reach rows by key.  These settings keep plans that do so, however small the tables were when the plan was made.
SETTINGS = {
    "application_name": "goodtaste",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

# The leader's connection: a server that has lost its client lets the lock go within half a minute.
APART = {
    "application_name": "goodtaste leader",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

_encode = msgspec.json.Encoder().encode


@lru_cache(1024)
def reads_as_one(shape: tuple[Read[Any], ...]) -> str:
    """Return the SQL that answers several reads for many parameter rows: a JSON array a read, an element a row."""
    columns = []
    for i, read in enumerate(shape):
        one = f"SELECT json_agg(q) FROM ({read.postgres}) q".replace(INPUT, f"d{i}")
        source = f"SELECT n, {read.input_columns} FROM jsonb_array_elements(${i + 1}::jsonb) WITH ORDINALITY AS _(e, n)"
        columns.append(f"(SELECT json_agg(({one}) ORDER BY n)::text FROM ({source}) d{i})")
    return "SELECT " + ", ".join(columns)


@lru_cache(1024)
def writes_as_one(shape: tuple[Write, ...]) -> str:
    """Return the SQL that makes several writes for many parameter rows, or fails as a whole."""
    parts = [f"k AS MATERIALIZED (SELECT pg_advisory_xact_lock({WRITE_LOCK}))"]
    checks = []
    for i, write in enumerate(shape):
        parts.append(f"d{i} AS (SELECT {write.input_columns} FROM k, jsonb_array_elements(${i + 1}::jsonb) AS _(e))")
        if write.source:
            parts.append(f"d{i}s AS ({write.source})".replace(INPUT, f"d{i}"))
        returning = " RETURNING 1" if write.guard else ""
        parts.append(f"w{i} AS ({write.postgres}{returning})".replace(INPUT, f"d{i}"))
        if write.guard:
            wanted = f"d{i}s" if write.source else f"d{i}"
            checks.append(
                f"goodtaste_expect('{write.guard}', (SELECT count(*) FROM w{i}), (SELECT count(*) FROM {wanted}))"
            )
    return f"WITH {', '.join(parts)} SELECT {', '.join(checks) or '1'}"


class PostgresDatabase(Database):
    """A `Database` on PostgreSQL."""

    engine = "postgresql"
    writers = 2  # one group executes while the other is flushed
    gather_s = 0.002

    def __init__(self, dsn: str, pool: asyncpg.Pool) -> None:
        super().__init__()
        self._dsn, self._pool = dsn, pool
        self._apart: list[asyncpg.Connection] = []

    @classmethod
    async def open(cls, dsn: str, *, connections: int = 8) -> PostgresDatabase:
        """Connect to `dsn` with at most `connections` connections for scripts."""

        async def keep(_: asyncpg.Connection) -> None:
            """Connections carry no session state, so giving one back needs no reset, which would be a trip."""

        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=connections,
                reset=keep,
                command_timeout=TIMEOUT_S,
                statement_cache_size=1024,
                max_cached_statement_lifetime=0,
                server_settings=SETTINGS,
            )
        except (*_GONE, asyncpg.PostgresError) as error:
            raise Unavailable(str(error)) from error
        return cls(dsn, pool)

    async def execute(self, sql: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self._dsn)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    async def listen(self, callback: Callable[[], None]) -> None:
        connection = await self._connect_apart()
        await connection.add_listener(CHANNEL, lambda *_: callback())

    async def lead(self) -> bool:
        """The leader is the process whose connection holds the leader's lock."""
        connection = await self._connect_apart()
        if await connection.fetchval(f"SELECT pg_try_advisory_lock({LEADER_LOCK})"):
            return True
        await self.resign()
        return False

    async def until_lost(self) -> None:
        """A connection that has gone without a word is found by asking; the server lets its lock go when it finds the same."""
        while True:
            for connection in self._apart:
                try:
                    await connection.execute("SELECT 1", timeout=LEADER_ANSWER_S)
                except (*_GONE, asyncpg.PostgresError) as error:
                    raise LeadershipLost(str(error)) from error
            await asyncio.sleep(LEADER_CHECK_S)

    async def resign(self) -> None:
        apart, self._apart = self._apart, []
        for connection in apart:
            connection.terminate()  # at once, whether or not the server answers; its lock goes with it

    async def close(self) -> None:
        await super().close()
        await self.resign()
        await self._pool.close()

    async def _connect_apart(self) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(self._dsn, timeout=TIMEOUT_S, server_settings=APART)
        except (*_GONE, asyncpg.PostgresError) as error:
            raise Unavailable(str(error)) from error
        self._apart.append(connection)
        return connection

    @contextlib.asynccontextmanager
    async def _at_hand(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection of the pool.  One that is cut off while it waits there is found by its next user, whom the driver tells of
        a state of its own: nothing was sent then, and nobody may have that connection again."""
        async with self._pool.acquire() as connection:
            try:
                yield connection
            except asyncpg.InternalClientError as error:
                connection.terminate()
                raise Unavailable(str(error)) from error

    async def _read(self, shape: Shape, batches: Sequence[Batch]) -> list[list[Any]]:
        try:
            async with self._at_hand() as connection:
                return await _read(connection, shape, batches)
        except _GONE as error:
            raise Unavailable(str(error)) from error

    async def _write(self, groups: list[tuple[Shape, list[Batch]]]) -> list[Exception | None]:
        [(shape, batches)] = groups
        try:
            async with self._at_hand() as connection:
                await _write(connection, shape, batches)
        except _AGAIN as error:
            return [Again(str(error))]
        except (GuardBroken, Unavailable) as stopped:
            return [stopped]
        except _GONE as error:
            return [Unavailable(str(error))]
        return [None]

    async def _run_exactly(self, scripts: Sequence[Script[Any]]) -> list[tuple[Any, Exception | None]]:
        try:
            async with self._at_hand() as connection:
                await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})")
                try:
                    outcomes = [await _run_apart(connection, script) for script in scripts]
                    await connection.execute("COMMIT")
                except BaseException as error:
                    if not connection.is_closed() and not isinstance(error, asyncpg.InternalClientError):
                        await connection.execute("ROLLBACK")
                    raise
        except _GONE as error:
            raise Unavailable(str(error)) from error
        return outcomes


async def _read(connection: asyncpg.Connection, shape: Shape, batches: Sequence[Batch]) -> list[list[Any]]:
    answer = await connection.fetchrow(reads_as_one(shape), *_input(shape, batches))
    columns = [read.decoder.decode(text) for read, text in zip(shape, answer, strict=True)]
    return [[column[i] or [] for column in columns] for i in range(len(batches))]


async def _write(connection: asyncpg.Connection, shape: Shape, batches: Sequence[Batch]) -> None:
    """Write batches of one shape.  A statement that a batch holds twice gets its rows together, so that what it adds is summed."""
    rows: dict[Write, list[Sequence[Any]]] = {}
    for i, statement in enumerate(shape):
        laid_out = [statement.for_postgres(row) for batch in batches for row in batch[i].rows]
        rows.setdefault(statement, []).extend(laid_out)
    try:
        await connection.fetchrow(writes_as_one(tuple(rows)), *[_encode(each).decode() for each in rows.values()])
    except _BROKEN as error:
        raise GuardBroken(getattr(error, "constraint_name", None) or "row_written_twice") from error


def _input(shape: Shape, batches: Sequence[Batch]) -> list[str]:
    """Return for each read of the shape the JSON of its parameter rows, those of all batches one after the other."""
    return [
        _encode([statement.for_postgres(row) for batch in batches for row in batch[i].rows]).decode()
        for i, statement in enumerate(shape)
    ]


async def _run_apart(connection: asyncpg.Connection, script: Script[Any]) -> tuple[Any, Exception | None]:
    """Run `script` in a savepoint; return its value, or what it raised."""
    await connection.execute("SAVEPOINT one")
    try:
        value = await _drive(connection, script)
    except (*_GONE, asyncpg.InternalClientError):
        raise
    except Exception as error:  # noqa: BLE001 - it goes to whoever runs the script
        await connection.execute("ROLLBACK TO one; RELEASE one")
        return None, error
    await connection.execute("RELEASE one")
    return value, None


async def _drive(connection: asyncpg.Connection, script: Script[T]) -> T:
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
        if not batch:
            continue
        shape = tuple([item.statement for item in batch])
        if not isinstance(batch[0], Change):
            [sent] = await _read(connection, shape, [batch])
            continue
        try:
            await _write(connection, shape, [batch])
        except GuardBroken as stopped:
            await connection.execute("ROLLBACK TO one")
            broken = stopped
