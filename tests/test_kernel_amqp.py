"""Events through RabbitMQ: nothing lost, nothing doubled, and the order kept, whatever becomes of the line to the broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractConnection

from goodtaste.app import cli_doctor
from goodtaste.kernel import amqp, relay
from goodtaste.kernel.config import Settings
from goodtaste.kernel.dead_letters import DEAD, EVERY_HANDLER, DeadLetter, bury, replay
from goodtaste.kernel.outbox import UNDELIVERED
from goodtaste.kernel.paging import NEWEST
from goodtaste.kernel.relay import TRIES_MAX, Handlers, Relay
from tests.amqp_kit import line_to
from tests.events_kit import Bells, Rang, open_bells, until
from tests.shop import write

TOPICS = [Rang.topic]


@pytest_asyncio.fixture
async def bells(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bells]:
    """Give a house of bells that loses no time between tries."""
    monkeypatch.setattr(relay, "BACKOFF_S", (0.01,) * (TRIES_MAX - 1))
    async with open_bells(blank) as opened:
        opened.listen("bar", "kitchen")
        yield opened


@pytest.fixture
def role(request: pytest.FixtureRequest) -> str:
    """Give a role of the test's own, so that its queues are its own."""
    return f"test_{abs(hash(request.node.nodeid))}"


def _consumer(bells: Bells, url: str, role: str) -> amqp.Consumer:
    async def keep(letter: DeadLetter) -> None:
        await bells.db.run(bury(letter))

    return amqp.Consumer(url, role=role, topics=TOPICS, targets=Handlers(bells.db, bells.heard).targets, bury=keep)


@contextlib.asynccontextmanager
async def _carried(bells: Bells, url: str, role: str, *, hears: bool = True) -> AsyncIterator[None]:
    """Relay through the broker at `url`, and hear from it, for as long as the block runs."""

    async def declare(_: AbstractConnection, channel: AbstractChannel) -> None:
        await amqp.declare(channel, role, TOPICS)

    publisher = amqp.Publisher(url, topics=TOPICS, declare=declare)
    out = Relay(bells.db, publisher.targets)
    await bells.db.listen(out.wake.ring)
    work = [publisher.run(), out.run(), *([_consumer(bells, url, role).run()] if hears else [])]
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bells.db.resign()


async def _heard_all(bells: Bells, n: int) -> bool:
    return len(await bells.effects("bar")) >= n and len(await bells.effects("kitchen")) >= n


async def _letters(bells: Bells) -> list[DeadLetter]:
    return await bells.db.rows(DEAD(before_at=NEWEST.at, before_id=NEWEST.id, limit=10))


async def test_what_is_told_is_heard_by_every_handler_once_and_in_order(bells: Bells, broker: str, role: str) -> None:
    async with _carried(bells, broker, role):
        for n in range(1, 21):
            await bells.ring(("ann", n), ("bob", n))
        await until(lambda: _heard_all(bells, 40), True)
    for handler in ("bar", "kitchen"):
        for who in ("ann", "bob"):
            assert await bells.effects(handler, who) == list(range(1, 21))


async def test_a_line_that_is_cut_again_and_again_loses_nothing_and_keeps_the_order(
    bells: Bells, broker: str, role: str
) -> None:
    async with line_to(broker) as line, _carried(bells, line.url, role):
        for n in range(1, 61):
            await bells.ring(("ann", n), ("bob", n))
            if n % 12 == 0:
                await asyncio.sleep(0.15)
                line.cut()
        await until(lambda: _heard_all(bells, 120), True)
        await until(lambda: bells.count("kernel_outbox"), 0)
    for handler in ("bar", "kitchen"):
        for who in ("ann", "bob"):
            assert await bells.effects(handler, who) == list(range(1, 61))
    assert await bells.count("kernel_dead_letter") == 0


async def test_while_the_broker_is_away_events_wait_and_when_it_is_back_they_go(
    bells: Bells, broker: str, role: str
) -> None:
    async with line_to(broker) as line, _carried(bells, line.url, role):
        await bells.ring(("ann", 1))
        await until(lambda: bells.effects("kitchen"), [1])
        line.down()
        for n in range(2, 12):
            await bells.ring(("ann", n))
        await asyncio.sleep(0.5)
        assert await bells.effects("kitchen") == [1]
        line.up()
        await until(lambda: bells.effects("kitchen"), list(range(1, 12)))
        await until(lambda: bells.effects("bar"), list(range(1, 12)))


async def test_what_nobody_was_there_to_hear_waits_in_the_queue(bells: Bells, broker: str, role: str) -> None:
    async with _carried(bells, broker, role, hears=False):
        await bells.ring(("ann", 1), ("ann", 2))
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert await bells.effects("kitchen") == []
    async with _carried(bells, broker, role):
        await until(lambda: bells.effects("kitchen"), [1, 2])


async def test_of_two_consumers_one_hears_and_the_other_takes_over(bells: Bells, broker: str, role: str) -> None:
    async with line_to(broker) as line, _carried(bells, line.url, role):
        await bells.ring(("ann", 1))
        await until(lambda: bells.effects("kitchen"), [1])
        other = asyncio.create_task(_consumer(bells, broker, role).run())
        for n in range(2, 22):
            await bells.ring(("ann", n))
        await asyncio.sleep(0.1)
        line.cut()
        for n in range(22, 42):
            await bells.ring(("ann", n))
        await until(lambda: bells.effects("kitchen"), list(range(1, 42)))
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


async def test_a_message_that_is_no_event_becomes_a_letter_and_holds_nobody_up(
    bells: Bells, broker: str, role: str
) -> None:
    async with _carried(bells, broker, role):
        await bells.ring(("ann", 1))
        await until(lambda: bells.effects("kitchen"), [1])
        async with amqp.connected(broker, "stranger") as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(amqp.EXCHANGE)
            await exchange.publish(aio_pika.Message(b"hello"), Rang.topic)
        await bells.ring(("ann", 2))
        await until(lambda: bells.effects("kitchen"), [1, 2])
        await until(lambda: bells.count("kernel_dead_letter"), 1)
    [letter] = await _letters(bells)
    assert (letter.body, letter.handler, letter.error) == ("hello", EVERY_HANDLER, "not an event")


async def test_a_replayed_letter_goes_through_the_broker_to_the_handler_that_failed(
    bells: Bells, broker: str, role: str
) -> None:
    bells.failing.add(("kitchen", "ann", 1))
    async with _carried(bells, broker, role):
        await bells.ring(("ann", 1), ("ann", 2))
        await until(lambda: bells.count("kernel_dead_letter"), 1)
        await until(lambda: bells.effects("kitchen"), [2])
        bells.failing.clear()
        [letter] = await _letters(bells)
        await bells.db.run(write(*replay(letter)))
        await until(lambda: bells.effects("kitchen"), [2, 1])
    assert await bells.effects("bar") == [1, 2]


async def test_an_event_for_which_there_is_no_queue_is_not_taken_for_delivered(bells: Bells, broker: str) -> None:
    async def declare(_: AbstractConnection, channel: AbstractChannel) -> None:
        await channel.declare_exchange("goodtaste.events", aio_pika.ExchangeType.TOPIC, durable=True)

    publisher = amqp.Publisher(broker, topics=["test.unbound.v1"], declare=declare)
    task = asyncio.create_task(publisher.run())
    try:
        with pytest.raises(aio_pika.exceptions.DeliveryError):
            await publisher.send(aio_pika.Message(b"{}"), exchange=amqp.EXCHANGE, to="test.unbound.v1")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_event_is_the_same_after_its_journey(bells: Bells) -> None:
    await bells.ring(("安妮", 7))
    [envelope] = await bells.db.rows(UNDELIVERED(after=0))
    there = amqp.from_wire(amqp.to_wire(envelope))
    assert there.event() == envelope.event() == Rang("安妮", 7)
    assert (there.id, there.topic, there.key, there.at) == (envelope.id, envelope.topic, envelope.key, envelope.at)


async def test_the_broker_says_what_it_is_and_a_broker_that_is_not_there_is_an_error(broker: str) -> None:
    assert (await amqp.ask(broker)).startswith("RabbitMQ 3.")
    with pytest.raises(amqp.FAULTS):
        await amqp.ask("amqp://guest:guest@127.0.0.1:1/")
    with pytest.raises(amqp.FAULTS):
        await amqp.ask(broker.replace("guest:guest", "guest:wrong"))


async def test_the_doctor_asks_the_broker(broker: str) -> None:
    [good] = await asyncio.to_thread(lambda: list(cli_doctor.bus_answers(Settings(broker=broker))))
    assert (good.state, "RabbitMQ" in str(good.facts["product"])) == ("good", True)
    [bad] = await asyncio.to_thread(lambda: list(cli_doctor.bus_answers(Settings(broker="amqp://a:b@127.0.0.1:1/"))))
    assert bad.state == "bad"
