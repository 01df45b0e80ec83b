"""Lanes: events of one key go to the handlers of one room one after the other, everything else goes side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import structlog

from goodtaste.kernel.outbox import Envelope

AGAIN_S = 0.5  # pause before what could not be delivered is tried again

log = structlog.get_logger()
Deliver = Callable[[Envelope], Awaitable[None]]
Targets = Callable[[Envelope], Mapping[str, Deliver]]
Done = Callable[[Envelope], None]

_Lane = deque[tuple[Envelope, Deliver, Callable[[], None]]]


class Lanes:
    """Delivers events to their targets.  A lane is a room and a key; an event that cannot be delivered holds up its own lane only.

    The room of a target is its name up to the first dot: what one handler of a room does on an event, another builds upon at the next.
    """

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, envelope: Envelope, done: Done) -> None:
        """Put an event into the lane of each of its targets, and call `done`, cheap and quick, when the last of them has it."""
        targets = self._targets(envelope)
        left = len(targets)

        def delivered() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                done(envelope)

        for name, deliver in targets.items():
            self._queue(name.partition(".")[0], envelope.key).append((envelope, deliver, delivered))
        if not targets:
            done(envelope)

    def stop(self) -> None:
        """Leave off.  What was under way is not done."""
        for task in self._tasks:
            task.cancel()

    def _queue(self, room: str, key: str) -> _Lane:
        lane = self._lanes.get((room, key))
        if lane is None:
            lane = self._lanes[room, key] = deque()
            task = asyncio.create_task(self._run(room, key, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return lane

    async def _run(self, room: str, key: str, lane: _Lane) -> None:
        while lane:
            envelope, deliver, delivered = lane[0]
            try:
                await deliver(envelope)
            except Exception as error:  # noqa: BLE001 - whoever gave the event still has it; it is tried until it goes
                log.warning(
                    "event_not_delivered",
                    topic=envelope.topic,
                    room=room,
                    event_id=envelope.id,
                    error=repr(error),
                )
                await asyncio.sleep(AGAIN_S)
                continue
            lane.popleft()
            delivered()
        del self._lanes[room, key]
