"""How events travel: from the outbox straight to the handlers, or, where a broker is set, through it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractConnection

from goodtaste.app import rooms
from goodtaste.channel import api as channel
from goodtaste.kernel import amqp
from goodtaste.kernel.context import Process
from goodtaste.kernel.dead_letters import DeadLetter, bury
from goodtaste.kernel.lanes import Deliver, Targets
from goodtaste.kernel.outbox import Envelope
from goodtaste.kernel.relay import Handlers

ROLE = "house"  # every room hears through one queue, so that one process at a time keeps the order of each key

Work = Coroutine[Any, Any, None]


def of_leader(process: Process) -> tuple[Targets, list[Work]]:
    """Return where the leader relays events to, and what must run beside for that."""
    subscriptions = rooms.subscriptions()
    if not process.settings.broker:
        return Handlers(process.db, subscriptions).targets, []
    topics = subscriptions.topics()

    async def declare(connection: AbstractConnection, on: AbstractChannel) -> None:
        await amqp.declare(on, ROLE, topics)
        await channel.declare(connection, on)

    publisher = amqp.Publisher(process.settings.broker, topics=topics, declare=declare)

    def targets(envelope: Envelope) -> Mapping[str, Deliver]:
        return {**publisher.targets(envelope), **channel.targets(envelope, publisher)}

    return targets, [publisher.run(), channel.OrderIntake(process).run()]


def of_everyone(process: Process) -> list[Work]:
    """Return what must run in each process that does background work: where there is a broker, a consumer, active or standing by."""
    if not process.settings.broker:
        return []
    subscriptions = rooms.subscriptions()
    consumer = amqp.Consumer(
        process.settings.broker,
        role=ROLE,
        topics=subscriptions.topics(),
        targets=Handlers(process.db, subscriptions).targets,
        bury=partial(_bury, process),
    )
    return [consumer.run()]


async def _bury(process: Process, letter: DeadLetter) -> None:
    await process.db.run(bury(letter))
