"""Routes of seatings."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.params import FromPath, HeaderParameter, JSONBody

from goodtaste.floor.seating import cart, closing, joining, moving, opening, paying, sending, views
from goodtaste.floor.seating.rows import StoreRules
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Script
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import address_of, anybody, context, staff
from goodtaste.ordering.api import Shares, where
from goodtaste.org.api import Directory, Store, TableUnknown

Asked = Request[Any, Any, Any]
SeatToken = Annotated[
    str,
    HeaderParameter(
        name="seating-token", max_length=joining.TOKEN_MAX, description="What scanning the table's code gave"
    ),
]


def phone(ctx: Ctx, token: str) -> dict[str, Any]:
    """Return whose phone asks, and of which epoch its token is; refuses `NotAtTable`."""
    guest_id, epoch = joining.read_token(ctx.process.keyring, token)
    return {"guest_id": guest_id, "epoch": epoch}


def _store(ctx: Ctx, store_id: str) -> Store:
    return ctx.see(Directory).store(store_id)


def _day(ctx: Ctx, store_id: str) -> dict[str, Any]:
    return {"today": _store(ctx, store_id).calendar.business_date(ctx.now), "at": ctx.now}


def _views(ctx: Ctx) -> dict[str, Any]:
    return {"directory": ctx.see(Directory), "place": partial(where, ctx)}


async def _then(ctx: Ctx, script: Script[Any]) -> views.SeatingView:
    """Run a command of the staff, and return the seating as it is then."""
    row = await ctx.run(script)
    return await ctx.query(views.one(row.id, actor=ctx.actor, **_views(ctx)))


# At the table


@post("/v1/tables/{code:str}/scan", opt=anybody(), tags=["floor"], status_code=200)
async def scan_table(code: FromPath[str], data: JSONBody[joining.Scan], request: Asked) -> joining.Joined:
    """Join who sits at a table, by its code."""
    ctx = context(request)
    table = ctx.see(Directory).tables_by_code.get(code)
    if table is None or not table.active:
        raise TableUnknown(table=code)
    store = _store(ctx, table.store_id)
    by: dict[str, Any] = {"actor": ctx.actor, "keyring": ctx.process.keyring}
    return await ctx.run(joining.scan(data, table=table, store=store, **by, **_day(ctx, store.id)))


@get("/v1/seating", opt=anybody(), tags=["floor"])
async def my_seating(request: Asked, token: SeatToken = "") -> views.SeatingView:
    """Return the seating of the phone that asks: who sits there, the shared cart and the bills."""
    ctx = context(request)
    return await ctx.query(views.of_phone(**phone(ctx, token), **_views(ctx)))


@put("/v1/seating/cart/{line_id:str}", opt=anybody(), tags=["floor"])
async def put_cart_line(
    line_id: Id, data: JSONBody[cart.PutLine], request: Asked, token: SeatToken = ""
) -> cart.LineState:
    """Put a line into the shared cart, change it, or take it out."""
    ctx = context(request)
    return await ctx.run(cart.put_line(line_id, data, **phone(ctx, token), place=partial(where, ctx)))


@post("/v1/seating/rounds", opt=anybody(), tags=["floor"], status_code=200)
async def send_cart(data: JSONBody[sending.SendCart], request: Asked, token: SeatToken = "") -> sending.Sent:
    """Order what is in the shared cart: exactly these lines, once."""
    ctx = context(request)

    def is_open(store_id: str) -> bool:
        return _store(ctx, store_id).is_open(ctx.now)

    asked = sending.send(data, **phone(ctx, token), place=partial(where, ctx), is_open=is_open)
    return await ctx.run(asked)


@post("/v1/seating/shares", opt=anybody(), tags=["floor"], status_code=200)
async def share_table_bill(data: JSONBody[views.SplitBill], request: Asked, token: SeatToken = "") -> Shares:
    """Show a bill of the table in shares that add up."""
    ctx = context(request)
    return await ctx.query(views.shares_of(data, **phone(ctx, token)))


@post("/v1/seating/bills/{order_id:str}/payments", opt=anybody(), tags=["floor"], status_code=200)
async def pay_table_bill(
    order_id: Id, data: JSONBody[paying.PayBill], request: Asked, token: SeatToken = ""
) -> paying.PaidAtTable:
    """Pay a bill of the table by a wallet, or a part of what is left of it."""
    ctx = context(request)
    return await paying.pay(ctx, order_id, data, **phone(ctx, token), client_ip=address_of(request))


# The staff


@get("/v1/stores/{store_id:str}/seatings", opt=staff("order.read"), tags=["floor"])
async def table_map(store_id: Id, request: Asked) -> list[views.MapTable]:
    """Return the map of a store's tables, with who sits there and what they owe."""
    ctx = context(request)
    return await ctx.query(views.map_of(store_id, actor=ctx.actor, directory=ctx.see(Directory)))


@post("/v1/stores/{store_id:str}/seatings", opt=staff("order.place"), tags=["floor"])
async def open_seating(store_id: Id, data: JSONBody[opening.OpenSeating], request: Asked) -> views.SeatingView:
    """Seat a party."""
    ctx = context(request)
    by: dict[str, Any] = {"actor": ctx.actor, "directory": ctx.see(Directory)}
    return await _then(ctx, opening.open_seating(store_id, data, **by, **_day(ctx, store_id)))


@get("/v1/stores/{store_id:str}/floor-rules", opt=staff("order.read"), tags=["floor"])
async def read_floor_rules(store_id: Id, request: Asked) -> StoreRules:
    """Tell how a store runs its tables."""
    ctx = context(request)
    return await ctx.query(opening.read_rules(_store(ctx, store_id).id, actor=ctx.actor))


@put("/v1/stores/{store_id:str}/floor-rules", opt=staff("table.edit"), tags=["floor"])
async def set_floor_rules(store_id: Id, data: JSONBody[opening.RulesAsked], request: Asked) -> StoreRules:
    """Decide how a store runs its tables."""
    ctx = context(request)
    return await ctx.run(opening.set_rules(_store(ctx, store_id).id, data, actor=ctx.actor, at=ctx.now))


@get("/v1/seatings/{seating_id:str}", opt=staff("order.place"), tags=["floor"])
async def read_seating(seating_id: Id, request: Asked) -> views.SeatingView:
    """Return a seating in full."""
    ctx = context(request)
    return await ctx.query(views.one(seating_id, actor=ctx.actor, **_views(ctx)))


@put("/v1/seatings/{seating_id:str}/tables", opt=staff("order.place"), tags=["floor"])
async def move_seating(seating_id: Id, data: JSONBody[moving.MoveTables], request: Asked) -> views.SeatingView:
    """Let a party sit at other tables, or at more or fewer."""
    ctx = context(request)
    by: dict[str, Any] = {"actor": ctx.actor, "directory": ctx.see(Directory), "at": ctx.now}
    return await _then(ctx, moving.move(seating_id, data, **by))


@post("/v1/seatings/{seating_id:str}/merge", status_code=200, opt=staff("order.place"), tags=["floor"])
async def merge_seatings(seating_id: Id, data: JSONBody[moving.Merge], request: Asked) -> views.SeatingView:
    """Bring another party into this one."""
    ctx = context(request)
    return await _then(ctx, moving.merge(seating_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/seatings/{seating_id:str}/parts", opt=staff("order.place"), tags=["floor"])
async def part_seating(seating_id: Id, data: JSONBody[moving.Part], request: Asked) -> views.SeatingView:
    """Let a part of a party sit by itself, with its bills and phones."""
    ctx = context(request)
    found = await ctx.query(views.store_of(seating_id, actor=ctx.actor))
    by: dict[str, Any] = {"actor": ctx.actor, "directory": ctx.see(Directory)}
    return await _then(ctx, moving.part(seating_id, data, **by, **_day(ctx, found)))


@post("/v1/seatings/{seating_id:str}/bills", status_code=200, opt=staff("order.place"), tags=["floor"])
async def take_bill(seating_id: Id, data: JSONBody[moving.TakeBill], request: Asked) -> views.SeatingView:
    """Let a bill be one of this party's."""
    ctx = context(request)
    return await _then(ctx, moving.take_bill(seating_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/seatings/{seating_id:str}/transfer", status_code=200, opt=staff("order.place"), tags=["floor"])
async def transfer_seating(seating_id: Id, data: JSONBody[moving.Transfer], request: Asked) -> views.SeatingView:
    """Give a party to another waiter."""
    ctx = context(request)
    by: dict[str, Any] = {"actor": ctx.actor, "directory": ctx.see(Directory), "at": ctx.now}
    return await _then(ctx, moving.transfer(seating_id, data, **by))


@put("/v1/seatings/{seating_id:str}/party", opt=staff("order.place"), tags=["floor"])
async def resize_seating(seating_id: Id, data: JSONBody[moving.Resize], request: Asked) -> views.SeatingView:
    """Write how many people sit there."""
    ctx = context(request)
    return await _then(ctx, moving.resize(seating_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/seatings/{seating_id:str}/billed", status_code=200, opt=staff("order.place"), tags=["floor"])
async def bill_seating(seating_id: Id, data: JSONBody[closing.Billed], request: Asked) -> views.SeatingView:
    """Let no phone order more while the bill is settled, or let them order again."""
    ctx = context(request)
    return await _then(ctx, closing.billed(seating_id, data, actor=ctx.actor))


@post("/v1/seatings/{seating_id:str}/new-tokens", status_code=200, opt=staff("order.place"), tags=["floor"])
async def renew_tokens(seating_id: Id, data: JSONBody[joining.Why], request: Asked) -> views.SeatingView:
    """Take their tokens away from the phones at a table."""
    ctx = context(request)
    return await _then(ctx, joining.new_tokens(seating_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/seatings/{seating_id:str}/close", status_code=200, opt=staff("order.place"), tags=["floor"])
async def close_seating(seating_id: Id, data: JSONBody[closing.Close], request: Asked) -> views.SeatingView:
    """Free the tables of a party that has paid and left."""
    ctx = context(request)
    return await _then(ctx, closing.close(seating_id, data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [
    scan_table,
    my_seating,
    put_cart_line,
    send_cart,
    share_table_bill,
    pay_table_bill,
    table_map,
    open_seating,
    read_floor_rules,
    set_floor_rules,
    read_seating,
    move_seating,
    merge_seatings,
    part_seating,
    take_bill,
    transfer_seating,
    resize_seating,
    bill_seating,
    renew_tokens,
    close_seating,
]
