"""RabbitMQ as the way of events: the leader publishes with confirms, one consumer of a role at a time hears, both come back by themselves.

The outbox stays the truth: an event leaves it when the broker has confirmed it, and a message is acknowledged when what it caused has
been committed.  Whatever breaks in between is delivered again, in the order of its key, and heard once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import aio_pika
import msgspec
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError

from goodtaste.kernel import clock
from goodtaste.kernel.db import Overloaded, Unavailable
from goodtaste.kernel.dead_letters import EVERY_HANDLER, DeadLetter, letter_of
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.lanes import AGAIN_S, Deliver, Lanes, Targets
from goodtaste.kernel.outbox import Envelope

EXCHANGE = "goodtaste.events"
DEAD_EXCHANGE = "goodtaste.dead"
CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "cn.goodtaste."
CONNECT_S = 10.0  # to connect and declare
CONFIRM_S = 10.0  # for the broker to confirm a message
HEARTBEAT_S = 10  # a connection that is silent for twice as long is given up
BACKOFF_S = (0.1, 0.2, 0.5, 1, 2, 5)  # pauses between tries to connect; the last one is kept to
PREFETCH = 200  # messages a consumer may hold unacknowledged
DELIVERIES_MAX = 20  # of one message that brings its consumer down; then it is dead

NOBODY = "00000000-0000-7000-8000-000000000000"  # whose things have ids made of their content alone

log = structlog.get_logger()
Open = Callable[[AbstractConnection], Awaitable[AbstractChannel]]
Declare = Callable[[AbstractConnection, AbstractChannel], Awaitable[None]]


# What the driver raises for a broker that is not there, goes away under a call, or refuses what was declared.
FAULTS = (AMQPError, OSError, TimeoutError, RuntimeError)


class BrokerGone(OSError):
    """The connection was closed under a call; whether the broker has the message is unknown."""


class _Connection(aio_pika.Connection):
    """A connection that is closed where it could not be made; the driver would leave that to the garbage collector, and complain."""

    async def connect(self, timeout: aio_pika.abc.TimeoutType = None) -> None:  # noqa: ASYNC109 - as the driver has it
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


class CloudEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event on the wire: CloudEvents 1.0 in structured mode.  `subject` is its key; `handler` the only one that is to hear it."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: msgspec.Raw
    handler: str | None = None
    specversion: str = msgspec.field(default_factory=lambda: "1.0")
    datacontenttype: str = msgspec.field(default_factory=lambda: "application/json")


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CloudEvent).decode


def to_wire(envelope: Envelope) -> bytes:
    """Return an event as it travels."""
    context = envelope.topic.partition(".")[0]
    told = CloudEvent(
        id=envelope.id,
        source=f"/goodtaste/{context}",
        type=TYPE_PREFIX + envelope.topic,
        subject=envelope.key,
        time=envelope.at,
        data=msgspec.Raw(envelope.body.encode()),
        handler=envelope.only,
    )
    return _encode(told)


def from_wire(body: bytes) -> Envelope:
    """Return the event that a message holds; raises `msgspec.MsgspecError` for a message that holds none."""
    told = _decode(body)
    return Envelope(
        seq=0,
        id=told.id,
        topic=told.type.removeprefix(TYPE_PREFIX),
        key=told.subject,
        body=bytes(told.data).decode(),
        at=told.time,
        only=told.handler,
    )


def queue_of(role: str) -> str:
    """Return the queue of a role."""
    return f"goodtaste.{role}"


def dead_queue_of(role: str) -> str:
    """Return the queue of what a role could not take."""
    return f"goodtaste.{role}.dead"


async def declare(channel: AbstractChannel, role: str, topics: Sequence[str]) -> tuple[AbstractQueue, AbstractQueue]:
    """Declare the exchanges, the queue of a role with its topics, and its dead queue; return both queues."""
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    graveyard = await channel.declare_exchange(DEAD_EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)
    dead = await channel.declare_queue(dead_queue_of(role), durable=True, arguments={"x-queue-type": "quorum"})
    await dead.bind(graveyard, role)
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERIES_MAX,
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-dead-letter-routing-key": role,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    queue = await channel.declare_queue(queue_of(role), durable=True, arguments=arguments)
    for topic in topics:
        await queue.bind(exchange, topic)
    return queue, dead


@contextlib.contextmanager
def told_apart() -> Iterator[None]:
    """Tell the driver's own cancellation, with which it ends calls on a lost connection, from that of whoever runs this task."""
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BrokerGone from None


@contextlib.asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[AbstractConnection]:
    """Give a connection, and close it at the end."""
    properties: dict[str, Any] = {"connection_name": f"goodtaste {name}"}
    connection = await aio_pika.connect(
        url, heartbeat=HEARTBEAT_S, client_properties=properties, connection_class=_Connection
    )
    try:
        yield connection
    finally:
        with contextlib.suppress(*FAULTS):
            await connection.close()


async def ask(url: str) -> str:
    """Return the product and version of the broker at `url`; raises where there is none, or it lets us not in."""
    async with asyncio.timeout(CONNECT_S):
        with told_apart():
            async with connected(url, "doctor") as connection:
                told: Mapping[str, Any] = connection.transport.connection.server_properties  # type: ignore[union-attr]
                return " ".join(_text(told[name]) for name in ("product", "version"))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes | bytearray) else str(value)


async def keep(url: str, name: str, open_: Open, lost: Callable[[], None]) -> None:
    """Connect, let `open_` make a channel of use, and do so again with growing pauses when it is `lost`, until cancelled."""
    failures = 0
    while True:
        try:
            with told_apart():
                async with contextlib.AsyncExitStack() as stack:
                    async with asyncio.timeout(CONNECT_S):
                        connection = await stack.enter_async_context(connected(url, name))
                        channel = await open_(connection)
                    log.info("broker_connected", link=name)
                    failures = 0
                    await channel.closed()
                    log.warning("broker_lost", link=name)
        except FAULTS as error:
            log.warning("broker_not_connected", link=name, error=repr(error))
        finally:
            lost()
        await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
        failures += 1


class Publisher:
    """Publishes with confirms.  While the broker is away it waits, and so does the outbox."""

    def __init__(self, url: str, *, topics: Sequence[str], declare: Declare) -> None:
        self._url, self._topics, self._declare = url, frozenset(topics), declare
        self._channel: AbstractChannel | None = None
        self._ready = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        await keep(self._url, "publisher", self._open, self._lost)

    async def tell(self, envelope: Envelope) -> None:
        """Publish an event to whoever hears its topic, and return when the broker has it safe."""
        message = aio_pika.Message(
            to_wire(envelope),
            content_type=CONTENT_TYPE,
            message_id=envelope.id,
            timestamp=envelope.at,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self.send(message, exchange=EXCHANGE, to=envelope.topic, mandatory=envelope.topic in self._topics)

    def targets(self, _: Envelope) -> Mapping[str, Deliver]:
        """Return the broker as the one target of every event."""
        return {"broker": self.tell}

    async def send(self, message: aio_pika.Message, *, to: str, exchange: str = "", mandatory: bool = True) -> None:
        """Publish a message.  Raises where the broker refuses it, or has no queue for a `mandatory` one."""
        await self._ready.wait()
        channel = self._channel
        if channel is None:
            raise BrokerGone
        with told_apart():
            where = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
            await where.publish(message, routing_key=to, mandatory=mandatory, timeout=CONFIRM_S)

    async def _open(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await self._declare(connection, channel)
        self._channel = channel
        self._ready.set()
        return channel

    def _lost(self) -> None:
        self._channel = None
        self._ready.clear()


class Consumer:
    """Hears the events of a role, in lanes.  Of several consumers of one role one is active, the others stand by."""

    def __init__(
        self,
        url: str,
        *,
        role: str,
        topics: Sequence[str],
        targets: Targets,
        bury: Callable[[DeadLetter], Awaitable[None]],
    ) -> None:
        self._url, self._role, self._topics, self._targets, self._bury = url, role, topics, targets, bury
        self._lanes = Lanes(targets)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Hear until cancelled.  What was under way then is delivered again, and heard once."""
        await keep(self._url, f"consumer of {self._role}", self._open, self._lost)

    async def _open(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        queue, dead = await declare(channel, self._role, self._topics)
        self._lanes = Lanes(self._targets)
        await queue.consume(self._on_message)
        await dead.consume(self._on_dead)
        return channel

    def _lost(self) -> None:
        self._lanes.stop()

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        """Put a message into its lanes, without any pause before: so they are in the order of the queue."""
        try:
            envelope = from_wire(message.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.error("message_unreadable", queue=queue_of(self._role), error=repr(error))
            await message.reject(requeue=False)
            return
        self._lanes.take(envelope, lambda _: self._acknowledge(message))

    async def _on_dead(self, message: AbstractIncomingMessage) -> None:
        """Keep what the broker took for dead as a dead letter, which people see; until it is kept it stays with the broker."""
        while True:
            try:
                await self._bury(letter_from(message, at=clock.now()))
            except (Unavailable, Overloaded):
                await asyncio.sleep(AGAIN_S)
            else:
                break
        await acknowledge(message)

    def _acknowledge(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.create_task(acknowledge(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def acknowledge(message: AbstractIncomingMessage) -> None:
    """Acknowledge a message; on a connection that is gone it cannot be, and comes again."""
    try:
        with told_apart():
            await message.ack()
    except FAULTS as error:
        log.info("not_acknowledged", message_id=message.message_id, error=repr(error))


def letter_from(message: AbstractIncomingMessage, *, at: datetime) -> DeadLetter:
    """Return the dead letter of a message that the broker took for dead, the same for the same message."""
    why = str(message.headers.get("x-first-death-reason", "unknown"))
    error = {"delivery_limit": f"its consumer went down {DELIVERIES_MAX} times", "rejected": "not an event"}.get(
        why, why
    )
    try:
        envelope = from_wire(message.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        text = message.body.decode("utf-8", "replace")
        envelope = Envelope(0, derived_id(NOBODY, text), message.routing_key or "", "", text, at)
    return letter_of(envelope, handler=EVERY_HANDLER, error=error, tries=1, at=at)
