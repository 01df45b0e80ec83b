"""What the parts of a bill bring together."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.db import Change, Id, Int, ListOf, Query, Read, change, in_list, insert, par
from goodtaste.kernel.errors import Refusal
from goodtaste.payment.split.tables import split


class PartTooLarge(Refusal):
    """Raised when a part would bring more than is left to pay.  Facts: `left_fen`, `amount_fen`."""

    code = "payment.part_too_large"
    guards = ("payment_split_fits",)


class Split(msgspec.Struct, frozen=True):
    """A bill that is paid in parts, in fen: what is due, what was brought, and what open parts may still bring."""

    order_id: str
    due_fen: int
    captured_fen: int
    pending_fen: int

    @property
    def left_fen(self) -> int:
        """What nobody has begun to pay."""
        return self.due_fen - self.captured_fen - self.pending_fen

    @property
    def is_paid(self) -> bool:
        """Whether the parts have brought all that is due."""
        return self.captured_fen == self.due_fen

    @property
    def is_empty(self) -> bool:
        """Whether no part counts any more."""
        return not self.captured_fen and not self.pending_fen


FOUND = Read(select(*split.c).where(split.c.order_id == par("order_id", Id)), Split)
OF_ORDERS = Read(select(*split.c).where(in_list(split.c.order_id, par("order_ids", ListOf))), Split)
NEW = insert(split)
MOVED = change(
    update(split)
    .where(
        split.c.order_id == par("order_id", Id),
        split.c.due_fen == par("seen_due_fen", Int),
        split.c.captured_fen == par("seen_captured_fen", Int),
        split.c.pending_fen == par("seen_pending_fen", Int),
    )
    .values(due_fen=par("due_fen", Int), captured_fen=par("captured_fen", Int), pending_fen=par("pending_fen", Int)),
    guard="payment_split_moved",
)


def split_of(order_id: str) -> Query[Split]:
    """Return the query for the parts of a bill together; there is no row where it never had any."""
    return FOUND(order_id=order_id)


def splits_of(order_ids: Sequence[str]) -> Query[Split]:
    """Return the query for the parts of several bills together."""
    return OF_ORDERS(order_ids=list(order_ids))


def moved(
    found: Split | None, *, order_id: str, due_fen: int, captured_fen: int = 0, pending_fen: int = 0
) -> tuple[Split, Change]:
    """Return the sums with so much more, and the change that makes it so, guarded by the sums that were seen.

    What is due is taken from `due_fen` where no part counts yet.  Refuses `PartTooLarge`.
    """
    before = found or Split(order_id, due_fen, 0, 0)
    base = msgspec.structs.replace(before, due_fen=due_fen) if before.is_empty else before
    if captured_fen + pending_fen > base.left_fen:
        raise PartTooLarge(left_fen=base.left_fen, amount_fen=captured_fen + pending_fen)
    after = msgspec.structs.replace(
        base, captured_fen=base.captured_fen + captured_fen, pending_fen=base.pending_fen + pending_fen
    )
    row = msgspec.structs.asdict(after)
    if found is None:
        return after, NEW(**row)
    seen = {f"seen_{name}": getattr(found, name) for name in ("due_fen", "captured_fen", "pending_fen")}
    return after, MOVED(**row, **seen)
