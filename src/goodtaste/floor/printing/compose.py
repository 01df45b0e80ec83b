"""What a receipt or a slip says, read from the rooms that know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from goodtaste.floor.kitchen.parts import Made
from goodtaste.floor.kitchen.pickups import OF_ORDERS as PICKUPS
from goodtaste.floor.printing.receipts import Both, Item, MemberPart, Sale, Saving, Tender
from goodtaste.floor.printing.slips import Dish
from goodtaste.floor.printing.tokens import receipt_token
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.words import sentence, sentences
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.ordering import api as ordering
from goodtaste.ordering.api import OrderView
from goodtaste.org.api import Directory, Store
from goodtaste.payment import api as payments

AWAY = "elsewhere"  # the method of what was paid at a platform


async def number_of(ctx: Ctx, order_id: str) -> str:
    """Return what an order is called out by: its pickup number, or, where it has none, the end of its id."""
    found = await ctx.db.first(PICKUPS(order_ids=[order_id]))
    return f"{found.no:03d}" if found else order_id[-6:].upper()


def where_of(directory: Directory, *, kind: str, channel: str, table_id: str | None) -> Both:
    """Return where an order is eaten or fetched, for people."""
    table = directory.tables.get(table_id or "")
    name = "platform" if channel == "delivery_platform" else kind
    facts = {"table": table.label if table else ""}
    return Both(*(sentence(f"print.where.{name}", each, facts).say for each in ("zh-CN", "en")))


def local(store: Store, at: datetime) -> str:
    """Return an instant as the clock of the store showed it."""
    return f"{at.astimezone(zone_of(store.zone)):%Y-%m-%d %H:%M}"


async def sale_of(ctx: Ctx, order: OrderView) -> Sale:
    """Return an order as its receipt shows it."""
    directory = ctx.see(Directory)
    store = directory.store(order.store_id)
    paid = [each for each in await ctx.query(payments.of_order(order.id)) if each.pays_order]
    paid_at = order.paid_at
    url = ""
    if paid_at is not None:
        token = receipt_token(order.id, paid_at=paid_at, keyring=ctx.process.keyring)
        url = f"{ctx.process.settings.public_url.rstrip('/')}/r/{token}"
    return Sale(
        brand=Both(directory.brand.name, directory.brand.name_en),
        store=Both(store.name, store.name_en),
        address=store.address,
        phone=store.phone,
        number=await number_of(ctx, order.id),
        where=where_of(directory, kind=order.kind, channel=order.channel, table_id=order.table_id),
        at=local(store, paid_at or order.placed_at),
        items=tuple(_items(order)),
        savings=tuple(_savings(order)),
        fees=tuple((each.code, each.amount_fen - each.waived_fen) for each in order.kept.fees),
        rounding_fen=order.rounding_fen,
        donation_fen=order.donation_fen,
        list_fen=order.list_fen,
        due_fen=order.due_fen,
        refunded_fen=order.refunded_fen,
        tenders=tuple(
            Tender(_method(each.method), each.amount_fen, each.tendered_fen, each.change_fen) for each in paid
        ),
        member=await _member(ctx, order),
        carbon_g=order.carbon_g,
        qr_url=url,
    )


async def order_of(ctx: Ctx, order_id: str) -> OrderView:
    """Return an order, whoever asks; refuses `OrderUnknown`."""
    return await ctx.query(ordering.order(order_id, actor=SYSTEM))


def _items(order: OrderView) -> Iterator[Item]:
    for line in order.lines:
        if line.qty:
            chosen = tuple(line.words.chosen)
            yield Item(line.words.name, line.qty, line.list_fen * line.qty, chosen, line.choice.note)


def _savings(order: OrderView) -> Iterator[Saving]:
    if order.member_saving_fen:
        yield Saving(_both("member_price"), order.member_saving_fen)
    called = {id_: Both(*names) for id_, names in order.kept.names.items()}
    for offer_id, saved_fen in order.kept.offers.items():
        if saved_fen:
            yield Saving(called.get(offer_id, _both("offer")), saved_fen)
    for coupon in order.coupons:
        if coupon.saved_fen:
            yield Saving(called.get(coupon.coupon_id, _both("coupon")), coupon.saved_fen)
    if order.hand_fen:
        yield Saving(_both("by_hand"), order.hand_fen)
    if order.points_fen:
        yield Saving(_both("points_off"), order.points_fen)


def _both(code: str) -> Both:
    return Both(sentence(f"print.{code}", "zh-CN", {}).say, sentence(f"print.{code}", "en", {}).say)


def _method(method: str) -> str:
    return method if f"print.method.{method}" in sentences("zh-CN") else "other"


async def _member(ctx: Ctx, order: OrderView) -> MemberPart | None:
    if order.member_id is None:
        return None
    found = await ctx.db.first(members.standing(order.member_id))
    if found is None or found.status == "erased":
        return None
    level = ctx.see(members.Program).level(found.level)
    balances = ledger.as_balances(await ctx.db.rows(ledger.READ_BALANCES(owner_id=order.member_id)))
    return MemberPart(
        Both(level.name, level.name_en), order.points_earned, balances[ledger.POINTS].available, order.points
    )


def dishes_of(made: Sequence[Made]) -> tuple[Dish, ...]:
    """Return what is made as slips show it."""
    return tuple(
        Dish(each.name, each.qty, tuple(each.options), each.note, each.course, each.guest, each.of_set) for each in made
    )
