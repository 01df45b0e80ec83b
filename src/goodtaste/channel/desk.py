"""The desk of dead letters: events that a handler could not digest, and orders from outside that could not be taken.

Whoever works at it looks, mends the body where that helps, and replays or discards; each of these is in the audit log.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from goodtaste.channel import orders
from goodtaste.channel.messages import Answer
from goodtaste.channel.queues import ORDERS
from goodtaste.kernel import audit
from goodtaste.kernel.amqp import NOBODY
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, GuardBroken, Steps, rows, script
from goodtaste.kernel.dead_letters import (
    BURY,
    DEAD,
    ERROR_MAX,
    EXHUME,
    DeadLetter,
    discard,
    read_letter,
    replay,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.input import NO_NUL, Input, Reason
from goodtaste.kernel.outbox import EVENTS
from goodtaste.kernel.paging import next_of, start

PERMISSION = "event.replay"
TAKER = "channel.take_order"
PAGE_MAX = 100


class LetterUnreadable(Refusal):
    """Raised when a letter is replayed whose body is no event of its topic.  Facts: `letter_id`, `what`."""

    code = "channel.letter_unreadable"
    status = 422


class Replay(Input, frozen=True):
    """What is sent to replay a letter: why, and the body as it should have been, where it was wrong."""

    reason: Reason
    body: Annotated[str, msgspec.Meta(max_length=orders.BODY_MAX, pattern=NO_NUL)] | None = None


class Discard(Input, frozen=True):
    """What is sent to discard a letter."""

    reason: Reason


class Letters(msgspec.Struct, frozen=True):
    """A page of letters, newest first; `next` asks for the one after it, null at the end."""

    letters: list[DeadLetter]
    next: str | None


class Replayed(msgspec.Struct, frozen=True):
    """What a replay did: an event is on its way again, an order from outside was taken (`order_id`)."""

    letter_id: str
    order_id: str | None = None


@script
def keep_order(body: bytes, answer: Answer, *, at: datetime) -> Steps[None]:
    """Put a message that could not be taken on the desk; one with the same content lies there once."""
    text = body.decode("utf-8", "replace")
    letter_id = derived_id(NOBODY, text)
    letter = DeadLetter(
        id=letter_id,
        event_id=letter_id,
        topic=ORDERS,
        key="",
        body=text,
        handler=TAKER,
        error=f"{answer.code}: {answer.say} {answer.do}"[:ERROR_MAX],
        tries=1,
        event_at=at,
        at=at,
    )
    try:
        yield [BURY(**msgspec.structs.asdict(letter))]
    except GuardBroken as broken:
        if broken.name != "kernel_dead_letter_pkey":
            raise


@script
def page(*, before: str, limit: int) -> Steps[Letters]:
    """Return a page of letters; refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(DEAD(before_at=edge.at, before_id=edge.id, limit=limit))
    after = next_of(found, limit, lambda each: each.at)
    return Letters(found, after)


@script
def one(letter_id: str) -> Steps[DeadLetter]:
    """Return a letter; refuses `LetterUnknown`."""
    return (yield from read_letter(letter_id))


async def replay_letter(ctx: Ctx, letter_id: str, asked: Replay) -> Replayed:
    """Replay a letter, with the body it should have had where one is given.

    An event goes to the handler that failed, once more; an order from outside is taken now, or refused for what is still wrong with it,
    and then stays.  Refuses `LetterUnknown`, `LetterUnreadable`, `NotAllowed`.
    """
    ctx.actor.need(PERMISSION)
    letter = await ctx.query(one(letter_id))
    body = letter.body if asked.body is None else asked.body
    if letter.topic != ORDERS:
        await ctx.run(_replay_event(letter_id, asked, actor=ctx.actor, at=ctx.now))
        return Replayed(letter_id)
    taken = await orders.take(ctx, body.encode())
    await ctx.run(_taken(letter_id, taken.order_id, asked, actor=ctx.actor, at=ctx.now))
    return Replayed(letter_id, taken.order_id)


@script
def _replay_event(letter_id: str, asked: Replay, *, actor: Actor, at: datetime) -> Steps[None]:
    letter = yield from read_letter(letter_id)
    if asked.body is not None:
        letter = msgspec.structs.replace(letter, body=asked.body)
    _readable(letter)
    facts = {"topic": letter.topic, "handler": letter.handler, "mended": asked.body is not None}
    yield [*replay(letter), _note(actor, "replayed", letter_id, asked.reason, at, **facts)]


@script
def _taken(letter_id: str, order_id: str, asked: Replay, *, actor: Actor, at: datetime) -> Steps[None]:
    """Take an order's letter off the desk.  The order itself is recorded; a stop in between leaves a letter that can be replayed again."""
    yield from read_letter(letter_id)
    mended = asked.body is not None
    yield [
        EXHUME(id=letter_id),
        _note(actor, "replayed", letter_id, asked.reason, at, topic=ORDERS, order_id=order_id, mended=mended),
    ]


@script
def discard_letter(letter_id: str, asked: Discard, *, actor: Actor, at: datetime) -> Steps[None]:
    """Forget a letter for good; the audit log keeps what it said.  Refuses `LetterUnknown`, `NotAllowed`."""
    actor.need(PERMISSION)
    letter = yield from read_letter(letter_id)
    facts = {"topic": letter.topic, "handler": letter.handler, "event_id": letter.event_id, "body": letter.body}
    yield [*discard(letter), _note(actor, "discarded", letter_id, asked.reason, at, **facts)]


def _readable(letter: DeadLetter) -> None:
    """Refuse `LetterUnreadable` unless the body is an event of the topic."""
    kind = EVENTS.get(letter.topic)
    if kind is None:
        raise LetterUnreadable(letter_id=letter.id, what=f"no event is called {letter.topic}")
    try:
        event = msgspec.json.decode(letter.body, type=kind)
    except msgspec.MsgspecError as error:
        raise LetterUnreadable(letter_id=letter.id, what=str(error)) from error
    if str(getattr(event, kind.key_field)) != letter.key:
        raise LetterUnreadable(letter_id=letter.id, what=f"{kind.key_field} must stay {letter.key}")


def _note(actor: Actor, what: str, letter_id: str, reason: str, at: datetime, **facts: Any) -> Change:
    return audit.note(actor, f"event.{what}", subject=f"letter/{letter_id}", at=at, reason=reason, **facts)
