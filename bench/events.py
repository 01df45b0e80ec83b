"""How long after the commit of a paid order its effect on the member is committed: in process, and through RabbitMQ.

Orders come at a steady rate, whether or not the ones before are done; each is told to the member's handlers, and the time is taken when
what the handler wrote is committed.  `python -m bench events` keeps the figures; GOODTASTE_TEST_AMQP names the broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import msgspec
import uvloop
from aio_pika.abc import AbstractChannel, AbstractConnection

from bench import house
from bench.figures import Figure, figure
from bench.orders import CASHIER, order, where
from goodtaste.app import rooms
from goodtaste.events.ordering import OrderPaid
from goodtaste.kernel import amqp
from goodtaste.kernel.db import Database
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.dead_letters import DeadLetter
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.lanes import Deliver, Targets
from goodtaste.kernel.outbox import Envelope
from goodtaste.kernel.relay import Handlers, Relay
from goodtaste.ordering.place import place

BROKER = os.environ.get("GOODTASTE_TEST_AMQP", "amqp://guest:guest@127.0.0.1:5672/")
COMMAND = "python -m bench events"
MEMBERS, RATE, WARM_S, SECONDS, ROUNDS = 2_000, 50, 1.0, 4.0, 5
LIMIT_MS = {"in process": 50.0, "rabbitmq": 100.0}

_told = msgspec.json.Decoder(OrderPaid)


class Watch:
    """Notes when an order was committed and when what it caused was."""

    def __init__(self) -> None:
        self.committed: dict[str, float] = {}
        self.effect: dict[str, float] = {}

    def targets(self, inner: Targets, envelope: Envelope) -> Mapping[str, Deliver]:
        """Return the handlers of an event with a watch on them."""
        return {name: partial(self._timed, deliver) for name, deliver in inner(envelope).items()}

    async def _timed(self, deliver: Deliver, envelope: Envelope) -> None:
        await deliver(envelope)
        if envelope.topic == OrderPaid.topic:
            self.effect[_told.decode(envelope.body).order_id] = time.perf_counter()

    def waits_ms(self) -> list[float]:
        """Return the times from commit to effect, shortest first."""
        return sorted(max(0.0, self.effect[id_] - at) * 1e3 for id_, at in self.committed.items())


async def _no_letters(letter: DeadLetter) -> None:
    raise RuntimeError(f"the broker gave up: {letter.error}")


@contextlib.asynccontextmanager
async def _carried(db: Database, watch: Watch, way: str) -> AsyncIterator[None]:
    """Relay events to the handlers of the house, for as long as the block runs."""
    subscriptions = rooms.subscriptions()
    handlers: Targets = partial(watch.targets, Handlers(db, subscriptions).targets)
    topics, role = subscriptions.topics(), f"bench-{new_id()}"

    async def declare(_: AbstractConnection, channel: AbstractChannel) -> None:
        await amqp.declare(channel, role, topics)

    if way == "rabbitmq":
        publisher = amqp.Publisher(BROKER, topics=topics, declare=declare)
        consumer = amqp.Consumer(BROKER, role=role, topics=topics, targets=handlers, bury=_no_letters)
        relay, beside = Relay(db, publisher.targets), [publisher.run(), consumer.run()]
    else:
        relay, beside = Relay(db, handlers), []
    await db.listen(relay.wake.ring)
    tasks = [asyncio.create_task(each) for each in (relay.run(), *beside)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.resign()
        if way == "rabbitmq":
            async with amqp.connected(BROKER, "bench") as connection, connection.channel() as channel:
                await channel.queue_delete(amqp.queue_of(role))
                await channel.queue_delete(amqp.dead_queue_of(role))


async def _run(url: str, way: str, base: int) -> list[float]:
    """Return the times from commit to effect of the orders of one round, in ms; their numbers begin at `base`."""
    db, watch, place_ = await open_database(house.settings(url, Path.cwd())), Watch(), where()

    async def one(i: int, counts: bool) -> None:
        shown = await db.run(place(order(i, members=MEMBERS), actor=CASHIER, where=place_))
        if counts:
            watch.committed[shown.id] = time.perf_counter()

    async with _carried(db, watch, way):
        await asyncio.sleep(0.5)  # let the broker be connected
        begun, tasks = time.perf_counter(), []
        for n in range(int(RATE * (WARM_S + SECONDS))):
            await asyncio.sleep(max(0.0, begun + n / RATE - time.perf_counter()))
            tasks.append(asyncio.create_task(one(base + n, n >= RATE * WARM_S)))
        await asyncio.gather(*tasks)
        async with asyncio.timeout(60):
            while not watch.committed.keys() <= watch.effect.keys():  # noqa: ASYNC110 - the watch has no bell
                await asyncio.sleep(0.01)
    await db.close()
    return watch.waits_ms()


def figures(rounds: int = ROUNDS) -> list[Figure]:
    """Measure both ways on both engines, interleaved; each figure is the median of the rounds."""
    per_round = int(RATE * (WARM_S + SECONDS))
    coupons = per_round * rounds * len(LIMIT_MS)
    seen: dict[tuple[str, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "house.db"
        urls = {
            "sqlite": house.on_sqlite(path, house.tables(members=MEMBERS, coupons=coupons)),
            "postgresql": house.on_postgres("goodtaste_bench_events", house.tables(members=MEMBERS, coupons=coupons)),
        }
        for n in range(rounds):
            for w, way in enumerate(LIMIT_MS):
                for engine, url in urls.items():
                    waits = uvloop.run(_run(url, way, base=(n * len(LIMIT_MS) + w) * per_round))
                    seen.setdefault((way, engine), []).append(waits)
    return [
        found
        for (way, engine), all_rounds in seen.items()
        for found in _percentiles(f"events.{way.replace(' ', '_')}.{engine}", all_rounds, LIMIT_MS[way])
    ]


def _percentiles(name: str, all_rounds: list[list[float]], limit_ms: float) -> list[Figure]:
    halves = [statistics.median(waits) for waits in all_rounds]
    worst = [waits[int(len(waits) * 0.99)] for waits in all_rounds]
    return [
        figure(f"{name}.p50", halves, "ms", command=COMMAND),
        figure(f"{name}.p99", worst, "ms", command=COMMAND, at_most=limit_ms),
    ]
