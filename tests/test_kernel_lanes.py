"""Lanes: what one handler of a room does on an event, another of it builds upon at the next."""

from __future__ import annotations

import asyncio
from functools import partial

from goodtaste.kernel import clock
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.lanes import Lanes
from goodtaste.kernel.outbox import Envelope


async def test_handlers_of_one_room_hear_a_key_in_order_and_other_rooms_do_not_wait() -> None:
    said: list[str] = []
    left = asyncio.Event()

    async def hear(name: str, slow: bool, envelope: Envelope) -> None:
        await asyncio.sleep(0.05 if slow else 0)
        said.append(f"{name} {envelope.topic}")

    heard_by = {
        "paid": {"member.on_paid": True, "channel.on_paid": False},
        "completed": {"member.on_completed": False},
    }
    lanes = Lanes(lambda e: {name: partial(hear, name, slow) for name, slow in heard_by[e.topic].items()})
    for seq, topic in enumerate(("paid", "completed"), 1):
        envelope = Envelope(seq, new_id(), topic, "one key", "{}", clock.now())
        lanes.take(envelope, lambda e: left.set() if e.topic == "completed" else None)
    async with asyncio.timeout(30):
        await left.wait()
    assert said == ["channel.on_paid paid", "member.on_paid paid", "member.on_completed completed"]
