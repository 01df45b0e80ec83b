"""A house that has joined a broker, and a plain AMQP client beside it, as somebody outside would write one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from goodtaste.kernel.config import Settings
from goodtaste.kernel.ids import new_id
from goodtaste.org import api as org
from tests import menu_kit, org_kit
from tests.shop import Shop, open_shop

STORE, SKU = "HW-01", "niurou-mian-1"  # as the document of the queues has them


@contextlib.asynccontextmanager
async def open_joined(settings: Settings) -> AsyncIterator[Shop]:
    """Open a house that has joined the broker of `settings`, with a store and a bowl of noodles."""
    async with open_shop(settings) as shop:
        ctx = shop.process.context()
        store = org.NewStore(
            id=new_id(), code=STORE, name="静安寺店", city="上海", address="愚园东路 28 号", hours=org_kit.ALWAYS
        )
        await ctx.run(org.make_store(store, actor=ctx.actor, at=ctx.now))
        await menu_kit.a_dish(shop, name="红烧牛肉面", skus=(menu_kit.a_sku(code=SKU),))
        yield shop


def an_order(no: str, **other: Any) -> dict[str, Any]:
    """Return the message of an order: two bowls of noodles, 64 yuan."""
    return {
        "source": "pos-3",
        "no": no,
        "store": STORE,
        "placed_at": "2026-11-20T12:30:00+08:00",
        "lines": [{"sku": SKU, "qty": 2, "unit_fen": 3200}],
    } | other


class Client:
    """A plain client of the broker."""

    def __init__(self, url: str, channel: BlockingChannel) -> None:
        self.url, self.channel = url, channel

    def publish(self, message: Any, *, to: str = "order_sync", **properties: Any) -> None:
        """Publish a message: bytes as they are, anything else as JSON."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.channel.basic_publish("", to, body, pika.BasicProperties(**properties))

    def take(self, queue: str, *, within_s: float = 30.0) -> tuple[dict[str, Any], bytes]:
        """Take one message from a queue; return its headers and its body."""
        for method, properties, body in self.channel.consume(queue, inactivity_timeout=within_s):
            assert method is not None, f"nothing came to {queue}"
            self.channel.basic_ack(method.delivery_tag)
            self.channel.cancel()
            return dict(properties.headers or {}), body
        raise AssertionError(queue)

    def ask(self, message: Any) -> dict[str, Any]:
        """Publish an order and return the answer to it."""
        replies = self.channel.queue_declare("", exclusive=True).method.queue
        self.publish(message, reply_to=replies, correlation_id="1")
        return dict(json.loads(self.take(replies)[1]))


@contextlib.contextmanager
def client_of(url: str) -> Iterator[Client]:
    """Give a client of the broker, with the queues declared as one without settings does."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.queue_declare(queue="order_sync")
        channel.queue_declare(queue="member_sync")
        yield Client(url, channel)
    finally:
        connection.close()
