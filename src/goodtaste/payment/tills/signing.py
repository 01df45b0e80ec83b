"""Two persons sign for a drawer, each with their PIN: closing a shift, and handing it over to the next cashier."""

from __future__ import annotations

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id, Input, Text
from goodtaste.org import api as org
from goodtaste.payment.calls import today_at
from goodtaste.payment.tills import figures, shifts
from goodtaste.payment.tills.closing import Signed, close_shift
from goodtaste.payment.tills.opening import OpenShift, open_shift
from goodtaste.payment.tills.rules import Pieces
from goodtaste.payment.tills.shifts import Shift, ShiftView

SIGN, RUN = "shift.sign", "shift.run"


class CloseShift(Input, frozen=True):
    """What is sent to close a shift: the PIN of its cashier, that of a second person, and why the count differs, if it does.

    Where the cashier is gone, somebody who may sign stands in for them, with a reason.
    """

    cashier: org.ApprovalAsked
    witness: org.ApprovalAsked
    reason: Text = ""


class HandOver(Input, frozen=True):
    """What is sent to hand a drawer over: the PIN of its cashier, that of the next one, and the id of the shift that follows."""

    next_id: Id
    cashier: org.ApprovalAsked
    next_cashier: org.ApprovalAsked
    reason: Text = ""


async def close(ctx: Ctx, found: Shift, asked: CloseShift, *, witness_needs: str = SIGN) -> ShiftView:
    """Close a shift that two persons sign for.  Refuses what a PIN and `close_shift` refuse."""
    if found.state == "closed":
        return shifts.view(found)
    own = asked.cashier.staff_id == found.cashier_id
    by = await org.approve(ctx, asked.cashier, permission=RUN if own else SIGN, store_id=found.store_id)
    witness = await org.approve(ctx, asked.witness, permission=witness_needs, store_id=found.store_id)
    signed = Signed(by.staff_id, not own, witness.staff_id, asked.reason)
    closing = close_shift(
        found.id,
        signed,
        actor=ctx.actor,
        books=ctx.part(figures.DayBooks),
        today=max(found.business_date, today_at(ctx, found.store_id, at=ctx.now)),
        at=ctx.now,
    )
    return await ctx.run(closing)


async def hand_over(ctx: Ctx, found: Shift, asked: HandOver) -> ShiftView:
    """Close a shift and open that of the next cashier on the same drawer, with what was counted; the next cashier is the second person.

    Sent again after any stop it goes on where it stopped.
    """
    closing = CloseShift(cashier=asked.cashier, witness=asked.next_cashier, reason=asked.reason)
    closed = await close(ctx, found, closing, witness_needs=RUN)
    left = tuple(Pieces(fen=int(fen), pieces=n) for fen, n in (closed.counted_pieces or {}).items())  # type: ignore[arg-type]
    opening = OpenShift(id=asked.next_id, store_id=found.store_id, float_pieces=left)
    person = Actor("staff", closed.witness or "")
    return await ctx.run(
        open_shift(
            opening,
            actor=person,
            drawer_id=found.drawer_id,
            today=today_at(ctx, found.store_id, at=ctx.now),
            at=ctx.now,
        )
    )
