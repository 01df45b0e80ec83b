"""The relay: takes events from the outbox, in order, and delivers them until each has been heard.

It is woken by the commit that writes an event.  Handlers of one event hear it side by side; those of one key are heard one after the
other by each handler; a handler that fails holds up its own events of that key only, and its event becomes a dead letter in the end.
Only the leader relays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from goodtaste.kernel import clock
from goodtaste.kernel.bus import Handler, Subscriptions, hear
from goodtaste.kernel.db import Database, Overloaded, Steps, Unavailable, script
from goodtaste.kernel.dead_letters import bury, letter_of
from goodtaste.kernel.lanes import AGAIN_S, Deliver, Lanes, Targets
from goodtaste.kernel.outbox import BATCH_MAX, DELIVERED, UNDELIVERED, Envelope
from goodtaste.kernel.telemetry import EVENTS_BURIED, EVENTS_DELIVERED, EVENTS_FAILED, OUTBOX_LAG

POLL_S = 1.0  # the wake-up that needs nobody's call
CLEAR_S = 0.1  # what has been delivered is deleted this often, many rows in one commit
UNDER_WAY_MAX = 2_000  # events taken and not yet delivered and deleted
BACKOFF_S = (0.05, 0.5, 2, 5, 10)  # the pause after each failed try; after the last one the event is a dead letter
TRIES_MAX = len(BACKOFF_S) + 1

log = structlog.get_logger()


@script
def _clear(places: list[int]) -> Steps[None]:
    yield [DELIVERED.many([{"seq": seq} for seq in places])]


class Wake:
    """A bell that a commit rings and a loop waits for; never blocks the one who rings."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter."""
        self._event.set()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for the bell, at most `timeout_s`; tell whether it rang.

        Not by `asyncio.wait_for`: in Python 3.11 it swallows a cancellation that meets the bell, and the loop would never end.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Handlers:
    """Delivers events to the handlers of this process, each with its own tries."""

    def __init__(self, db: Database, subscriptions: Subscriptions) -> None:
        self._db, self._subscriptions = db, subscriptions

    def targets(self, envelope: Envelope) -> Mapping[str, Deliver]:
        """Return who is to hear an event."""
        handlers = self._subscriptions.of(envelope.topic)
        if envelope.only is not None:
            handlers = {name: handler for name, handler in handlers.items() if name == envelope.only}
        return {name: partial(self._deliver, name, handler) for name, handler in handlers.items()}

    async def _deliver(self, name: str, handler: Handler, envelope: Envelope) -> None:
        """Let a handler hear an event.  What fails for good is buried; a database that is away is waited for, and no failure."""
        tries = 0
        while tries < TRIES_MAX:
            try:
                await hear(self._db, envelope, name, handler)
            except (Unavailable, Overloaded):
                await asyncio.sleep(AGAIN_S)
            except Exception as error:  # noqa: BLE001 - tried again, then buried
                tries += 1
                await self._failed(name, envelope, error, tries)
            else:
                EVENTS_DELIVERED.labels(envelope.topic, name).inc()
                OUTBOX_LAG.observe((clock.now() - envelope.at).total_seconds())
                return

    async def _failed(self, name: str, envelope: Envelope, error: Exception, tries: int) -> None:
        EVENTS_FAILED.labels(envelope.topic, name).inc()
        log.warning(
            "event_failed", topic=envelope.topic, handler=name, event_id=envelope.id, tries=tries, error=repr(error)
        )
        if tries < TRIES_MAX:
            await asyncio.sleep(BACKOFF_S[tries - 1])
            return
        letter = letter_of(envelope, handler=name, error=repr(error), tries=tries, at=clock.now())
        await self._db.run(bury(letter))
        EVENTS_BURIED.labels(envelope.topic, name).inc()
        log.error("event_buried", topic=envelope.topic, handler=name, event_id=envelope.id, error=repr(error))


class Relay:
    """Empties the outbox into the lanes of its targets for as long as it runs."""

    def __init__(self, db: Database, targets: Targets) -> None:
        self._db, self._lanes = db, Lanes(targets)
        self._after = 0
        self._taken: set[int] = set()
        self._delivered: list[int] = []
        self._done = Wake()
        self.wake = Wake()

    async def run(self) -> None:
        """Relay until cancelled.  What was under way then is delivered again later, and heard once."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._take_on())
                group.create_task(self._clear_up())
        finally:
            self._lanes.stop()

    async def _take_on(self) -> None:
        while True:
            if not await self._take() and not await self.wake.wait(POLL_S):
                self._after = 0  # nobody called for a while: look at everything again

    async def _take(self) -> bool:
        """Take what is new into the lanes of its keys; tell whether there may be more.

        Commits follow each other under one lock, so places in the outbox become visible in their order.
        """
        if len(self._taken) >= UNDER_WAY_MAX:
            return False
        found = await self._db.rows(UNDELIVERED(after=self._after))
        for envelope in found:
            self._after = envelope.seq
            if envelope.seq not in self._taken:
                self._taken.add(envelope.seq)
                self._lanes.take(envelope, self._has_been_delivered)
        return len(found) == BATCH_MAX

    def _has_been_delivered(self, envelope: Envelope) -> None:
        self._delivered.append(envelope.seq)
        self._done.ring()

    async def _clear_up(self) -> None:
        """Delete what has been delivered."""
        while True:
            if not await self._done.wait(POLL_S):
                continue
            await asyncio.sleep(CLEAR_S)
            done, self._delivered = self._delivered, []
            await self._db.run(_clear(done))
            self._taken.difference_update(done)
            if len(self._taken) + len(done) >= UNDER_WAY_MAX:
                self.wake.ring()
