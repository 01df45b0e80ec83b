"""The intake: reads the queues of orders, and answers each message with an order or with a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import aio_pika
import msgspec
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from goodtaste.channel import desk, orders
from goodtaste.channel.messages import Answer
from goodtaste.channel.queues import JSON, KEPT_S, ORDERS, ORDERS_DEAD, ORDERS_DURABLE, declare
from goodtaste.kernel.amqp import FAULTS, acknowledge, keep, told_apart
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Overloaded, Unavailable
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.lanes import AGAIN_S
from goodtaste.kernel.words import sentence

PREFETCH = 64  # messages read side by side; orders that meet share a commit
TRIES_MAX = 3  # of a message that no refusal explains
FAULT = "kernel.fault"

log = structlog.get_logger()


class OrderIntake:
    """Takes orders from the queues for as long as it runs.  Only the leader does."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._channel: AbstractChannel | None = None

    async def run(self) -> None:
        """Take orders until cancelled."""
        await keep(self._process.settings.broker, "intake of orders", self._open, self._lost)

    async def _open(self, connection: AbstractConnection) -> AbstractChannel:
        channel = self._channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=PREFETCH)
        await declare(connection, channel)
        for name in (ORDERS, ORDERS_DURABLE):
            queue = await channel.get_queue(name, ensure=False)
            await queue.consume(self._on_message)
        return channel

    def _lost(self) -> None:
        self._channel = None

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        """Take one message.  It is acknowledged when it is an order or a letter; where the broker goes away before, it comes again."""
        answer = await self._answer(message.body)
        try:
            with told_apart():
                if not answer.taken:
                    await self._park(message, answer)
                if message.reply_to:
                    await self._reply(message, answer)
        except FAULTS as error:
            log.warning("order_not_answered", message_id=message.message_id, error=repr(error))
        await acknowledge(message)

    async def _answer(self, body: bytes) -> Answer:
        """Return what becomes of a message: an order is recorded, anything else is put on the desk."""
        tries = 0
        while True:
            try:
                taken = await orders.take(self._process.context(), body)
                return Answer(taken=True, order_id=taken.order_id, fresh=taken.fresh)
            except (Unavailable, Overloaded):
                await asyncio.sleep(AGAIN_S)
            except Refusal as refused:
                return await self._refuse(body, refused.code, refused.facts)
            except Exception as error:
                tries += 1
                log.error("order_message_failed", tries=tries, exc_info=error)
                if tries == TRIES_MAX:
                    return await self._refuse(body, FAULT, {"error": repr(error)})
                await asyncio.sleep(AGAIN_S)

    async def _refuse(self, body: bytes, code: str, facts: dict[str, object]) -> Answer:
        said = sentence(code, "zh-CN", facts)
        answer = Answer(taken=False, code=code, say=said.say, do=said.do, facts=facts)
        log.info("order_message_refused", code=code)
        while True:
            try:
                await self._process.db.run(desk.keep_order(body, answer, at=self._process.clock()))
                return answer
            except (Unavailable, Overloaded):
                await asyncio.sleep(AGAIN_S)

    async def _park(self, message: AbstractIncomingMessage, answer: Answer) -> None:
        """Leave a copy with its reason where its sender can look."""
        headers: dict[str, Any] = {"x-goodtaste-code": answer.code, "x-goodtaste-reason": answer.say}
        copy = aio_pika.Message(
            message.body,
            content_type=message.content_type,
            message_id=message.message_id,
            headers=headers,
            expiration=KEPT_S,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._publish(copy, ORDERS_DEAD, mandatory=True)

    async def _reply(self, message: AbstractIncomingMessage, answer: Answer) -> None:
        body = msgspec.json.encode(answer, enc_hook=str)
        reply = aio_pika.Message(body, content_type=JSON, correlation_id=message.correlation_id)
        await self._publish(reply, message.reply_to or "", mandatory=False)

    async def _publish(self, message: aio_pika.Message, to: str, *, mandatory: bool) -> None:
        if self._channel is not None:
            await self._channel.default_exchange.publish(message, routing_key=to, mandatory=mandatory)
