"""The progress of an order: accepted, made, handed over, done; every step with who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, cast

import msgspec
from sqlalchemy import select, update

from goodtaste.events.ordering import FiredLine, OrderAdvanced, OrderCompleted
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.db import Change, Id, Int, Read, Steps, Str, change, insert, par, rows, script
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import Input, Text
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.outbox import tell
from goodtaste.ordering import facts, rules
from goodtaste.ordering.orders import OrderRow, OrderView, may_see, read, read_row, view
from goodtaste.ordering.rules import State, WrongState
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import order, step

COMPLETE = "ordering.complete"
COMPLETE_AFTER = timedelta(minutes=30)  # an order handed over and paid is completed by itself

Stage = Literal["preparing", "ready", "served"]  # how far a kitchen is with an order
_MADE = ("placed", "accepted", "preparing", "ready")


class Advance(Input, frozen=True):
    """What is sent when an order goes on."""

    to: State
    reason: Text = ""


class StepView(msgspec.Struct, frozen=True):
    """A step of an order."""

    from_state: str
    to_state: str
    actor_kind: str
    reason: str


ADVANCED = change(
    update(order)
    .where(order.c.id == par("order_id", Id), order.c.version == par("seen", Int))
    .values(state=par("state", Str), version=order.c.version + 1),
    guard="ordering_order_moved",
)
STEP = insert(step)
STEPS = Read(
    select(step.c.from_state, step.c.to_state, step.c.actor_kind, step.c.reason)
    .where(step.c.order_id == par("order_id", Id))
    .order_by(step.c.at, step.c.id),
    StepView,
)


def step_of(found: OrderRow, to: State, *, actor: Actor, reason: str, at: datetime) -> Change:
    """Return the change that writes down that an order went on to a state: who, when and why."""
    return STEP(
        id=new_id(),
        order_id=found.id,
        from_state=found.state,
        to_state=to,
        actor_kind=actor.kind,
        actor_id=actor.id,
        reason=reason,
        at=at,
    )


@script
def advance(order_id: str, asked: Advance, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Take an order to its next state; asking for the state it has changes nothing.

    Refuses `WrongState` with the states that may follow; an order is completed only once it is paid.
    """
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.advance")
    if found.state == asked.to:
        return view(found, lines)
    if asked.to == "cancelled":
        raise WrongState(order_id=order_id, state=found.state, asked="cancelled", possible=["cancel", "refund"])
    rules.advance(order_id, kind=found.kind, state=found.state, to=asked.to)
    if found.went_to:
        raise WrongState(order_id=order_id, state="reopened", asked=asked.to, possible=[])
    if asked.to == "completed" and found.pay_state in rules.WAITS:
        raise WrongState(order_id=order_id, state=found.pay_state, asked="completed", possible=["pay"])
    fired = [] if facts.sent(found) else facts.not_held(lines)  # it is made before it is paid
    yield [*_advanced(found, asked, actor=actor, where=where), *_fired(found, fired, where)]
    return view(msgspec.structs.replace(found, state=asked.to, version=found.version + 1), lines)


def _fired(found: OrderRow, fired: Sequence[FiredLine], where: Place) -> list[Change]:
    return [tell(facts.lines_fired(found, fired), at=where.at)] if fired else []


def completed_later(found: OrderRow, at: datetime) -> list[Change]:
    """Have an order that begins as handed over completed in its time."""
    return [_complete_later(found.id, at)] if found.state == rules.HANDED_OVER[found.kind] else []


def _advanced(found: OrderRow, asked: Advance, *, actor: Actor, where: Place) -> list[Change]:
    stream = facts.stream(found)
    who = {"order_id": found.id, "stream": stream, "store_id": found.store_id, "member_id": found.member_id}
    changes = [
        ADVANCED(order_id=found.id, seen=found.version, state=asked.to),
        step_of(found, asked.to, actor=actor, reason=asked.reason, at=where.at),
        tell(OrderAdvanced(**who, from_state=found.state, to_state=asked.to), at=where.at),  # type: ignore[arg-type]
    ]
    if asked.to == rules.HANDED_OVER[found.kind]:
        changes.append(_complete_later(found.id, where.at))
    if asked.to == "completed":
        done = OrderCompleted(
            **who,  # type: ignore[arg-type]
            paid_fen=found.due_fen - found.refunded_fen,
            points_earned=found.points_earned,
            business_date=found.business_date,
        )
        changes.append(tell(done, at=where.at))
    return changes


def follow(order_id: str, stage: Stage, *, actor: Actor, at: datetime) -> Steps[list[Change]]:
    """Return the changes by which an order is as far as the kitchen is with it, through every state on the way; it never goes back.

    What is brought is handed over by who brings it, not by the kitchen.  Who yields them is refused `Changed` where somebody was quicker.
    """
    found = yield from read_row(order_id)
    if found is None or found.state not in (*_MADE, rules.HANDED_OVER[found.kind]):
        return []
    way = _MADE if found.kind == "delivery" else (*_MADE, rules.HANDED_OVER[found.kind])
    to = way[-1] if stage == "served" else stage
    done = way.index(found.state) if found.state in way else len(way)
    states = way[done + 1 : way.index(to) + 1]
    if not states:
        return []
    who = {
        "order_id": found.id,
        "stream": facts.stream(found),
        "store_id": found.store_id,
        "member_id": found.member_id,
    }
    steps = list(zip((found.state, *states), states, strict=False))
    changes = [
        ADVANCED(order_id=found.id, seen=found.version, state=to),
        *[
            step_of(msgspec.structs.replace(found, state=from_), cast(State, state), actor=actor, reason="", at=at)
            for from_, state in steps
        ],
        tell(*[OrderAdvanced(**who, from_state=from_, to_state=state) for from_, state in steps], at=at),  # type: ignore[arg-type]
    ]
    if to == rules.HANDED_OVER[found.kind]:
        changes.append(_complete_later(found.id, at))
    return changes


def _complete_later(order_id: str, at: datetime) -> Change:
    return schedule(COMPLETE, {"order_id": order_id}, due_at=at + COMPLETE_AFTER, once=f"{COMPLETE}:{order_id}")


@script
def complete(order_id: str, *, where: Place) -> Steps[bool]:
    """Complete an order that was handed over; tell whether it has to be looked at again, because it is not paid yet."""
    found, _ = yield from read(order_id)
    if found is None or found.state != rules.HANDED_OVER[found.kind]:
        return False
    if found.pay_state in rules.WAITS:
        return True
    yield from advance(order_id, Advance(to="completed"), actor=SYSTEM, where=where)
    return False


@script
def steps_of(order_id: str, *, actor: Actor) -> Steps[list[StepView]]:
    """Return the steps of an order, oldest first."""
    found, _ = yield from read(order_id)
    may_see(actor, found, order_id)
    return (yield from rows(STEPS(order_id=order_id)))
