"""The relay: takes events from the outbox, in order, and delivers them until each has been heard.

Events of one key go one after the other; a key whose event fails waits, and the others pass it.  An event that fails for good becomes
a dead letter, to be looked at, mended and replayed.  Only the leader relays.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import Column, delete, select

from goodtaste.kernel import clock
from goodtaste.kernel.bus import Subscriptions, hear
from goodtaste.kernel.db import (
    Database,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    create_table,
    id_column,
    insert,
    par,
    script,
)
from goodtaste.kernel.db.statements import Change
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import BATCH_MAX, DELIVERED, TELL, UNDELIVERED, Envelope
from goodtaste.kernel.telemetry import EVENTS_DELIVERED, EVENTS_FAILED, OUTBOX_LAG

POLL_S = 1.0  # the wake-up that needs nobody's call
UNDER_WAY_MAX = 2_000  # events taken and not yet delivered
TRIES_MAX = 6  # then the event is a dead letter
BACKOFF_S = (0.05, 0.5, 2, 5, 10)

log = structlog.get_logger()
Deliver = Callable[[Envelope], Awaitable[None]]

dead_letter = create_table(
    "kernel_dead_letter",
    id_column(),
    Column("event_id", Id, nullable=False),
    Column("topic", Str, nullable=False),
    Column("key", Str, nullable=False),
    Column("body", Str, nullable=False),
    Column("handler", Str, nullable=False),
    Column("error", Str, nullable=False),
    Column("tries", Int, nullable=False),
    Column("event_at", Moment, nullable=False),
    Column("at", Moment, nullable=False),
)


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a handler could not digest, with the last error."""

    id: str
    event_id: str
    topic: str
    key: str
    body: str
    handler: str
    error: str
    tries: int
    event_at: datetime
    at: datetime


BURY = insert(dead_letter)
DEAD = Read(select(*dead_letter.c).order_by(dead_letter.c.at.desc()).limit(par("limit", Int)), DeadLetter)
DEAD_ONE = Read(select(*dead_letter.c).where(dead_letter.c.id == par("id", Id)), DeadLetter)
EXHUME = change(delete(dead_letter).where(dead_letter.c.id == par("id", Id)), guard="kernel_dead_letter_gone")


def bury(envelope: Envelope, *, handler: str, error: str, tries: int, at: datetime) -> Change:
    """Write a dead letter."""
    return BURY(
        id=new_id(),
        event_id=envelope.id,
        topic=envelope.topic,
        key=envelope.key,
        body=envelope.body,
        handler=handler,
        error=error[:2000],
        tries=tries,
        event_at=envelope.at,
        at=at,
    )


@script
def _write(changes: list[Change]) -> Steps[None]:
    yield changes


class Wake:
    """A bell that a commit rings and a loop waits for; never blocks the one who rings."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter."""
        self._event.set()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for the bell, at most `timeout_s`; tell whether it rang."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Handlers:
    """Delivers events to the handlers of this process, each with its own tries."""

    def __init__(self, db: Database, subscriptions: Subscriptions) -> None:
        self._db, self._subscriptions = db, subscriptions

    async def deliver(self, envelope: Envelope) -> None:
        """Let every handler hear the event; what fails for good is buried, so this always ends."""
        for name, handler in self._subscriptions.of(envelope.topic).items():
            for tries in range(1, TRIES_MAX + 1):
                try:
                    await hear(self._db, envelope, name, handler)
                except Exception as error:  # noqa: BLE001 - tried again, then buried
                    EVENTS_FAILED.labels(envelope.topic, name).inc()
                    log.warning(
                        "event_failed",
                        topic=envelope.topic,
                        handler=name,
                        event_id=envelope.id,
                        tries=tries,
                        error=repr(error),
                    )
                    if tries == TRIES_MAX:
                        await self._db.run(
                            _write([bury(envelope, handler=name, error=repr(error), tries=tries, at=clock.now())])
                        )
                    else:
                        await asyncio.sleep(BACKOFF_S[tries - 1])
                else:
                    EVENTS_DELIVERED.labels(envelope.topic, name).inc()
                    break


class Relay:
    """Empties the outbox through `deliver` for as long as it runs."""

    def __init__(self, db: Database, deliver: Deliver) -> None:
        self._db, self._deliver = db, deliver
        self._after = 0
        self._taken: set[int] = set()
        self._lanes: dict[str, deque[Envelope]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivered: list[int] = []
        self.wake = Wake()

    async def run(self) -> None:
        """Relay until cancelled.  What was under way then is delivered again later, and heard once."""
        try:
            while True:
                taken = await self._take()
                await self._clear()
                if not taken and not await self.wake.wait(POLL_S):
                    self._after = 0  # once a second look at everything: a place may have been left open
        finally:
            for task in self._tasks:
                task.cancel()

    async def _take(self) -> bool:
        """Take what is new into the lanes of its keys; tell whether there was anything.

        Commits follow each other under one lock, so places in the outbox become visible in their order.
        """
        if len(self._taken) >= UNDER_WAY_MAX:
            return False
        found = await self._db.rows(UNDELIVERED(after=self._after))
        for envelope in found:
            self._after = envelope.seq
            if envelope.seq in self._taken:
                continue
            self._taken.add(envelope.seq)
            lane = self._lanes[envelope.key]
            lane.append(envelope)
            if len(lane) == 1:
                task = asyncio.create_task(self._run_lane(envelope.key, lane))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return len(found) == BATCH_MAX

    async def _run_lane(self, key: str, lane: deque[Envelope]) -> None:
        while lane:
            envelope = lane[0]
            try:
                await self._deliver(envelope)
            except Exception as error:  # noqa: BLE001 - it stays in the outbox
                log.warning("event_not_delivered", topic=envelope.topic, event_id=envelope.id, error=repr(error))
                await asyncio.sleep(POLL_S)
                continue
            OUTBOX_LAG.observe((clock.now() - envelope.at).total_seconds())
            self._delivered.append(envelope.seq)
            lane.popleft()
            self.wake.ring()
        del self._lanes[key]

    async def _clear(self) -> None:
        """Delete what has been delivered."""
        done, self._delivered = self._delivered, []
        if done:
            await self._db.run(_write([DELIVERED.many([{"seq": seq} for seq in done])]))
            self._taken.difference_update(done)


@script
def replay(letter_id: str) -> Steps[None]:
    """Put a dead letter back into the outbox under its own event id, so that handlers which heard it stay silent."""
    [found] = yield [DEAD_ONE(id=letter_id)]
    letter = found[0] if found else None
    if letter is None:
        raise LookupError(letter_id)
    yield [
        EXHUME(id=letter_id),
        TELL(id=letter.event_id, topic=letter.topic, key=letter.key, body=letter.body, at=letter.event_at),
    ]
