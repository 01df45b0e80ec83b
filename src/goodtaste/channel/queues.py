"""The queues that plain AMQP clients use, and what is published into them.

`order_sync` and `member_sync` are as a client with no settings declares them: classic, and gone with what waits in them when the broker
is restarted.  Beside each stands a durable one.  One that somebody declared before, in whatever way, is used as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import aio_pika
import msgspec
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from goodtaste.channel.messages import SyncedMember
from goodtaste.events.member import MemberUpdated
from goodtaste.kernel.amqp import Publisher
from goodtaste.kernel.lanes import Deliver
from goodtaste.kernel.outbox import Envelope

EXCHANGE = "goodtaste.sync"
ORDERS, ORDERS_DURABLE, ORDERS_DEAD = "order_sync", "order_sync.durable", "order_sync.dead"
MEMBERS, MEMBERS_DURABLE = "member_sync", "member_sync.durable"
KEPT_S = 7 * 86_400  # how long a message waits for a client that never comes
JSON = "application/json"
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}

_updated = msgspec.json.Decoder(MemberUpdated)


async def declare(connection: AbstractConnection, channel: AbstractChannel) -> None:
    """Declare the exchange, and every queue that is not there yet."""
    await _find_or_declare(connection)
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    for name in (ORDERS_DURABLE, ORDERS_DEAD, MEMBERS_DURABLE):
        await channel.declare_queue(name, durable=True, arguments=QUORUM)
    for name in (MEMBERS, MEMBERS_DURABLE):
        queue = await channel.get_queue(name, ensure=False)
        await queue.bind(exchange, MEMBERS)


async def _find_or_declare(connection: AbstractConnection) -> None:
    """See to it that the two plain queues are there: a look on a channel of its own, which the broker closes where there is none."""
    for name in (ORDERS, MEMBERS):
        try:
            async with connection.channel() as looking:
                await looking.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            async with connection.channel() as making:
                await making.declare_queue(name, durable=False)


def targets(envelope: Envelope, publisher: Publisher) -> Mapping[str, Deliver]:
    """Return the queues of members as a target of what changes a member."""
    if envelope.topic != MemberUpdated.topic or envelope.only is not None:
        return {}
    return {MEMBERS: partial(_tell_member, publisher)}


def as_synced(envelope: Envelope) -> SyncedMember:
    """Return what clients are told of a member."""
    event = _updated.decode(envelope.body)
    return SyncedMember(
        member_id=event.member_id,
        level=event.level,
        points=event.available,
        points_pending=event.pending,
        growth=event.growth,
        version=event.version,
        at=envelope.at,
    )


async def _tell_member(publisher: Publisher, envelope: Envelope) -> None:
    message = aio_pika.Message(
        msgspec.json.encode(as_synced(envelope)),
        content_type=JSON,
        message_id=envelope.id,
        timestamp=envelope.at,
        type="member",
        expiration=KEPT_S,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    await publisher.send(message, exchange=EXCHANGE, to=MEMBERS)
