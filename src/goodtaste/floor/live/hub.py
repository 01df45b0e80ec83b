"""The hub: one look at the counters of topics serves all streams of a process, and what a topic shows is read once for all who listen.

A feed is what a topic shows, in named parts.  When its counter has moved it is loaded again, and what differs is sent to its listeners; who
comes back with the number of the last thing it got is sent what came since, or, where that is not known any more, everything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from time import perf_counter

import msgspec
import structlog
from sqlalchemy import select

from goodtaste.floor.live.tables import topic
from goodtaste.kernel.db import Database, ListOf, Read, in_list, par
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.relay import Wake
from goodtaste.kernel.telemetry import LIVE_CUT_OFF, LIVE_LISTENERS

POLL_S = 0.2  # a change that another process made is seen within this time
GATHER_S = 0.04  # changes that this process makes are looked at together
HEARTBEAT_S = 15.0  # a word to who hears nothing else, so that a line that is gone is noticed
WAITING_MAX = 64  # messages that wait for one listener; who falls further behind is cut off, and comes back
LINGER_S = 30.0  # for which a feed that nobody listens to is kept fresh, so that who comes back is sent what it missed
RECENT_MAX = 128  # messages that a feed remembers
LISTENERS_MAX = 4_000  # of one process

log = structlog.get_logger()
Parts = Mapping[str, bytes]
OVER = b"event: over\ndata: {}\n\n"
HEARTBEAT = b": still here\n\n"
RETRY = b"retry: 1000\n\n"


class TooManyListeners(Refusal):
    """Raised when a process has as many streams as it serves."""

    code = "floor.too_many_listeners"
    status = 503


class Shown(msgspec.Struct, frozen=True):
    """What a topic shows: its parts as JSON by name; `listeners`: the keys of those who may listen, None where everybody may who came."""

    parts: Parts
    listeners: frozenset[str] | None = None


Load = Callable[[], Awaitable[Shown]]


class _Counter(msgspec.Struct, frozen=True):
    name: str
    n: int


COUNTERS = Read(select(topic.c.name, topic.c.n).where(in_list(topic.c.name, par("names", ListOf))), _Counter)


class Message(msgspec.Struct, frozen=True):
    """Something that was sent to a feed's listeners: it leads from the state `after` to the state `n`."""

    after: int
    n: int
    data: bytes


def message(kind: str, n: int, parts: Parts, gone: list[str]) -> bytes:
    """Return parts as an event of a stream: `state` is all there is, `change` what differs from what was sent before."""
    named = b",".join(msgspec.json.encode(name) + b":" + data for name, data in parts.items())
    return b'id: %d\nevent: %s\ndata: {"set":{%s},"gone":%s}\n\n' % (n, kind.encode(), named, msgspec.json.encode(gone))


class Listener:
    """One stream: what waits to be sent to it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_MAX)

    def send(self, data: bytes) -> bool:
        """Let something be sent; False where it has fallen too far behind."""
        try:
            self.waiting.put_nowait(data)
        except asyncio.QueueFull:
            return False
        return True

    def end(self, last: bytes | None = None) -> None:
        """Let the stream end, with `last` as its last word; of one that fell behind, what waits is dropped."""
        if last is None or self.waiting.qsize() > WAITING_MAX - 2:
            while not self.waiting.empty():
                self.waiting.get_nowait()
        if last is not None:
            self.waiting.put_nowait(last)
        self.waiting.put_nowait(None)


class Feed:
    """What a topic shows to those who listen to it in this process."""

    def __init__(self, topic_name: str, load: Load) -> None:
        self.topic, self._load = topic_name, load
        self.n = -1
        self.listeners: set[Listener] = set()
        self._left_at = perf_counter()
        self._shown = Shown({})
        self._recent: deque[Message] = deque(maxlen=RECENT_MAX)
        self._loading = asyncio.Lock()

    async def load(self, n: int) -> None:
        """Show what is true now, where the counter has come to `n`, and send what differs to those who listen."""
        async with self._loading:
            if n <= self.n:
                return
            shown = await self._load()
            if self.n >= 0:
                self._publish(shown, n)
            self._shown, self.n = shown, n
            for each in [each for each in self.listeners if not self._may(each)]:
                self._drop(each, OVER)

    def _publish(self, shown: Shown, n: int) -> None:
        before = self._shown.parts
        parts = {name: data for name, data in shown.parts.items() if before.get(name) != data}
        gone = [name for name in before if name not in shown.parts]
        sent = Message(self.n, n, message("change", n, parts, gone))
        self._recent.append(sent)
        for each in list(self.listeners):
            if not each.send(sent.data):
                LIVE_CUT_OFF.inc()
                self._drop(each, None)

    def _may(self, listener: Listener) -> bool:
        return self._shown.listeners is None or listener.key in self._shown.listeners

    def _drop(self, listener: Listener, last: bytes | None) -> None:
        self.listeners.discard(listener)
        listener.end(last)

    def join(self, listener: Listener, last_id: int | None) -> None:
        """Let a stream listen from what it got last, or from what is shown now."""
        for data in self._since(last_id):
            listener.send(data)
        if self._may(listener):
            self.listeners.add(listener)
        else:
            listener.end(OVER)

    def leave(self, listener: Listener) -> None:
        """Let a stream go."""
        self.listeners.discard(listener)
        self._left_at = perf_counter()

    def close(self) -> None:
        """End the streams of all who listen."""
        for each in list(self.listeners):
            self._drop(each, None)

    def lingers(self, now: float) -> bool:
        """Tell whether somebody listens, or did a moment ago and may come back."""
        return bool(self.listeners) or now - self._left_at < LINGER_S

    def _since(self, last_id: int | None) -> list[bytes]:
        """Return what leads from the last thing that a stream got to the present; everything, where that is not known any more."""
        if last_id == self.n:
            return []
        missed: list[bytes] = []
        for each in self._recent:
            if missed or each.after == last_id:
                missed.append(each.data)
        if missed and len(missed) < WAITING_MAX // 2:
            return missed
        return [message("state", self.n, self._shown.parts, [])]


class Hub:
    """The feeds of a process, and the one loop that keeps them fresh while anybody listens."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._feeds: dict[tuple[str, str], Feed] = {}
        self._listening = 0
        self._wake = Wake()
        db.on_commit(self._wake.ring)

    async def listen(
        self, topic_name: str, *, variant: str = "", load: Load, key: str = "", last_id: int | None, for_s: float
    ) -> AsyncIterator[bytes]:
        """Return what a topic shows as an event stream, for at most `for_s` seconds; with 0 only what is shown now.

        `variant` tells the feeds of one topic apart.  Refuses `TooManyListeners`.
        """
        if self._listening >= LISTENERS_MAX:
            raise TooManyListeners
        feed = self._feeds.setdefault((topic_name, variant), Feed(topic_name, load))
        await self._look([feed])
        return self._stream(feed, Listener(key), last_id, perf_counter() + for_s)

    async def _stream(self, feed: Feed, listener: Listener, last_id: int | None, until: float) -> AsyncIterator[bytes]:
        self._listening += 1
        LIVE_LISTENERS.inc()
        try:
            feed.join(listener, last_id)
            yield RETRY
            while (data := await _next(listener, until)) is not None:
                yield data
        finally:
            feed.leave(listener)
            self._listening -= 1
            LIVE_LISTENERS.dec()

    def close(self) -> None:
        """End every stream, so that a server which is asked to stop need not wait for them; their screens go to another."""
        for feed in self._feeds.values():
            feed.close()

    async def run(self) -> None:
        """Keep what is listened to fresh until cancelled; a database that does not answer is asked again."""
        while True:
            if await self._wake.wait(POLL_S):
                await asyncio.sleep(GATHER_S)
            now = perf_counter()
            self._feeds = {name: feed for name, feed in self._feeds.items() if feed.lingers(now)}
            try:
                await self._look([*self._feeds.values()])
            except Exception as error:  # noqa: BLE001 - the next turn tries again
                log.warning("live_not_refreshed", error=repr(error))

    async def _look(self, feeds: list[Feed]) -> None:
        """Load what has moved, with one look at the counters of all."""
        if feeds:
            found = await self._db.rows(COUNTERS(names=list({each.topic for each in feeds})))
            counters = {each.name: each.n for each in found}
            await asyncio.gather(*(each.load(counters.get(each.topic, 0)) for each in feeds))


async def _next(listener: Listener, until: float) -> bytes | None:
    """Return what is to be sent next: a heartbeat where nothing else is, None at the end."""
    left = until - perf_counter()
    if left <= 0:
        return listener.waiting.get_nowait() if not listener.waiting.empty() else None
    try:
        async with asyncio.timeout(min(HEARTBEAT_S, left)):
            return await listener.waiting.get()
    except TimeoutError:
        return HEARTBEAT if until > perf_counter() else None
