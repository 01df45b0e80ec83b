"""Orders from outside: a message becomes a recorded order, once, or a refusal that says what is wrong with it."""

from __future__ import annotations

import msgspec

from goodtaste.channel.messages import SyncedLine, SyncedOrder
from goodtaste.kernel.auth import Actor, Grant
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.errors import Refusal
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.ordering.api import Recorded, RecordLine, RecordOrder, record
from goodtaste.org.api import Directory, StoreUnknown

BODY_MAX = 100_000  # bytes of a message
TILL = Actor("service", "order_sync", grants=(Grant(frozenset({"order.place"})),))


class MessageMalformed(Refusal):
    """Raised for a message that is not an order as the document of the queues describes it.  Facts: `what`."""

    code = "channel.message_malformed"
    status = 422


class SkuUnknown(Refusal):
    """Raised for a line whose SKU the menu does not have.  Facts: `sku`, `line_no`."""

    code = "channel.sku_unknown"
    status = 404


_decode = msgspec.json.Decoder(SyncedOrder).decode


def read(body: bytes) -> SyncedOrder:
    """Return the order that a message holds; refuses `MessageMalformed`."""
    if len(body) > BODY_MAX:
        raise MessageMalformed(what=f"more than {BODY_MAX} bytes")
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageMalformed(what=str(error)) from error


async def take(ctx: Ctx, body: bytes) -> Recorded:
    """Record the order that a message holds, once for its source and number.

    Refuses `MessageMalformed`, `SkuUnknown`, `StoreUnknown`, `MemberUnknown`, `RecordedOtherwise`, `NotRecordable`; nothing is
    written then.
    """
    told = read(body)
    directory = ctx.see(Directory)
    asked = RecordOrder(
        source=told.source,
        external_no=told.no,
        store_id=_store(directory, told.store),
        kind=told.kind,
        channel=told.channel,
        placed_at=told.placed_at,
        lines=_lines(ctx.see(MenuBook), told.lines),
        member_id=told.member_id,
    )
    return await ctx.run(
        record(asked, directory=directory, program=ctx.see(Program), actor=TILL, at=ctx.now),
    )


def _store(directory: Directory, code: str) -> str:
    for store in directory.stores.values():
        if store.code == code:
            return store.id
    raise StoreUnknown(store_id=code)


def _lines(book: MenuBook, told: tuple[SyncedLine, ...]) -> tuple[RecordLine, ...]:
    by_code = {sku.code: sku for sku in book.sku.values()}
    lines = []
    for line_no, each in enumerate(told, 1):
        sku = by_code.get(each.sku)
        if sku is None:
            raise SkuUnknown(sku=each.sku, line_no=line_no)
        name = each.name or f"{book.dish[sku.dish_id].name} {sku.name}".strip()
        lines.append(RecordLine(sku_id=sku.id, name=name, qty=each.qty, unit_fen=each.unit_fen))
    return tuple(lines)
