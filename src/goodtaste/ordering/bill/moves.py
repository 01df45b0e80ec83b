"""Pieces that go from one unpaid bill to another: split off to a new one, or moved to one that is there; nothing is made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from goodtaste.events.ordering import LinesMoved
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Query, Steps, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, fingerprint
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Positive
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.outbox import Event, tell
from goodtaste.menu import api as menu
from goodtaste.ordering import facts
from goodtaste.ordering.asked import Party
from goodtaste.ordering.bill.pieces import NoSuchPieces, Pieces, Seen, by_line
from goodtaste.ordering.bill_price import AtHand, Coming, Repriced, moved_stock, read_at_hand, reprice
from goodtaste.ordering.bill_rows import DISCOUNTS, Discount, goods_fen
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.open_bill import NONE, Changed, gifts_told, round_of, still_open
from goodtaste.ordering.orders import LINES, NEW_ORDER, ORDER, LineRow, OrderRow, OrderView, may_see, view
from goodtaste.ordering.progress import completed_later
from goodtaste.ordering.spot import Place
from goodtaste.pricing.api import LINES_MAX
from goodtaste.promo import api as promo


class BillsApart(Refusal):
    """Raised for two bills between which nothing moves.  Facts: `order_id`, `to_order_id`, `why`: `store` (of two stores), `table` (one is
    at no table), `pay_first` (one is a round that is paid before it is made), `same` (they are one), `first` (the first bill of a table
    takes up those split off it, not the other way round).
    """

    code = "ordering.bills_apart"


class WouldBeEmpty(Refusal):
    """Raised when everything on a bill is to be split off it: it is to be merged, or carried to another table.  Facts: `order_id`."""

    code = "ordering.would_be_empty"


class HasDiscount(Refusal):
    """Raised when something is to be moved from which people took something off by hand, which must be ended first.  Facts: `order_id`,
    `discount_id`.
    """

    code = "ordering.has_discount"


class PartyTooSmall(Refusal):
    """Raised when more people are to go to another bill than a bill has.  Facts: `order_id`, `party`, `asked`."""

    code = "ordering.party_too_small"
    status = 422


class Move(Seen, frozen=True):
    """What is sent to move pieces to another bill: those named, or all of a `guest`.

    Without `to_version` a new bill with the id `to_order_id` is split off, for `party` of the people; with it, the pieces go to the bill
    that is there, as it was seen.
    """

    id: IdText
    to_order_id: IdText
    to_version: Positive | None = None
    pieces: Pieces = ()
    guest: menu.Guest | None = None
    party: Party | None = None

    def __post_init__(self) -> None:
        if bool(self.pieces) == (self.guest is not None):
            raise ValueError("pieces or a guest: send one of them")
        if self.party is not None and self.to_version is not None:
            raise ValueError("people go with a new bill only")


class Moved(msgspec.Struct, frozen=True):
    """The two bills after pieces went from one to the other."""

    left: OrderView
    to: OrderView


class Side(msgspec.Struct, frozen=True):
    """A bill between which and another pieces move: as it stands, and what was read to price it."""

    row: OrderRow
    lines: list[LineRow]
    at_hand: AtHand


@script
def move(order_id: str, asked: Move, *, actor: Actor, where: Place) -> Steps[Moved]:
    """Move pieces of an unpaid bill at a table to another, once per `asked.id`; both are priced again.

    Pieces that the kitchen makes already go first.  Refuses `NotOpen` where coupons or points are on one of them, `BillsApart`,
    `HasDiscount`, `WouldBeEmpty`, `NoSuchPieces`, `PartyTooSmall`, and `Changed` where somebody else was quicker.
    """
    mark = fingerprint([order_id, asked])
    found, lines, to, to_lines, before, discounts = yield from read_both(order_id, asked.to_order_id, asked.id)
    found = may_see(actor, found, order_id, permission="order.place")
    if is_same(before, mark) and to:
        return Moved(view(found, lines), view(to, to_lines))
    if to and asked.to_version is None:
        raise IdTaken(id=asked.to_order_id)
    fits(actor, found, to, order_id=asked.to_order_id, seen=(asked.version, asked.to_version))
    wanted = _wanted(found, lines, asked)
    free_of_discounts(found, discounts, {each.line_no for each, _ in wanted})
    stays, leaving, came = parted(lines, wanted)
    gifts = kept_of(found.applied).gifts
    if not any(each.qty for each in stays if each.line_no not in gifts):
        raise WouldBeEmpty(order_id=order_id)
    source = yield from side(_with_party(found, asked), stays, where)
    target = yield from side(to or _split_off(found, asked, actor=actor, mark=mark, where=where), to_lines, where)
    left, there = _both(source, target, leaving, came, where=where)
    new = [NEW_ORDER(**msgspec.structs.asdict(there.after), source="", external_no=None)] if to is None else []
    later = [] if to else completed_later(there.after, where.at)
    try:
        yield [
            *one_batch([left.moved, *(new or [there.moved])], left, there),
            remember(asked.id, mark),
            *later,
            _noted(found, asked.to_order_id, wanted, actor=actor, where=where),
            tell(*_told(left, there, wanted, new=to is None), at=where.at),
        ]
    except GuardBroken as broken:
        if broken.name == "ordering_order_pkey":
            raise IdTaken(id=asked.to_order_id) from broken
        raise
    return Moved(left.view, there.view)


def read_both(order_id: str, to_order_id: str, act_id: str) -> Steps[Any]:
    """Read two bills with their lines, whether the act was done before, and what people took off the first."""
    queries: list[Query[Any]] = [
        ORDER(order_id=order_id),
        LINES(order_id=order_id),
        ORDER(order_id=to_order_id),
        LINES(order_id=to_order_id),
        made_before(act_id),
        DISCOUNTS(order_id=order_id),
    ]
    found, lines, to, to_lines, before, discounts = yield queries
    return (found[0] if found else None), lines, (to[0] if to else None), to_lines, before, discounts


def fits(actor: Actor, found: OrderRow, to: OrderRow | None, *, order_id: str, seen: tuple[int, int | None]) -> None:
    """Refuse two bills between which nothing moves, one that may not be changed, and one that is another by now."""
    if found.id == order_id:
        raise BillsApart(order_id=found.id, to_order_id=order_id, why="same")
    sides = [(found, seen[0])]
    if seen[1] is not None:
        to = may_see(actor, to, order_id, permission="order.place")
        sides.append((to, seen[1]))
        if to.store_id != found.store_id:
            raise BillsApart(order_id=found.id, to_order_id=to.id, why="store")
    for each, version in sides:
        if each.version != version:
            raise Changed(order_id=each.id, version=each.version)
        still_open(each)
        if each.kind != "dine_in":
            raise BillsApart(order_id=found.id, to_order_id=order_id, why="table")
        if each.pay_first:
            raise BillsApart(order_id=found.id, to_order_id=order_id, why="pay_first")


def free_of_discounts(found: OrderRow, discounts: Sequence[Discount], line_nos: set[int] | None) -> None:
    """Refuse `HasDiscount` where people took something off these lines by hand; None: off anything."""
    for each in discounts:
        if each.ended_at is None and (line_nos is None or each.line_no in line_nos):
            raise HasDiscount(order_id=found.id, discount_id=each.id)


def _wanted(found: OrderRow, lines: Sequence[LineRow], asked: Move) -> list[tuple[LineRow, int]]:
    if asked.guest is None:
        return by_line(found, lines, asked.pieces)
    gifts = kept_of(found.applied).gifts
    theirs = [
        (each, each.qty)
        for each in lines
        if each.qty and each.line_no not in gifts and facts.choice_of(each).guest == asked.guest
    ]
    if not theirs:
        raise NoSuchPieces(line_no=0, there=0, asked=1)
    return theirs


def parted(
    lines: Sequence[LineRow], wanted: Sequence[tuple[LineRow, int]]
) -> tuple[list[LineRow], list[LineRow], list[LineRow]]:
    """Return the lines that stay, with what stays of them, those that leave whole, and the pieces that come to the other bill."""
    qty_of = {each.line_no: qty for each, qty in wanted}
    stays, leaving, came = [], [], []
    for each in lines:
        qty = qty_of.get(each.line_no, 0)
        held = max(0, qty - (each.qty - each.held_qty))
        if qty == each.ordered_qty:
            leaving.append(each)
        else:
            stays.append(
                msgspec.structs.replace(
                    each, qty=each.qty - qty, ordered_qty=each.ordered_qty - qty, held_qty=each.held_qty - held
                )
            )
        if qty:
            came.append(
                msgspec.structs.replace(
                    each, qty=qty, ordered_qty=qty, held_qty=held, voided_qty=0, returned_qty=0, refunded_qty=0
                )
            )
    return stays, leaving, came


def side(row: OrderRow, lines: list[LineRow], where: Place) -> Steps[Side]:
    """Read what a bill is priced with."""
    at_hand = yield from read_at_hand(row, NONE, points=0, donation_fen=row.donation_fen, where=where)
    return Side(row, lines, at_hand)


def _both(
    source: Side, target: Side, leaving: Sequence[LineRow], came: Sequence[LineRow], *, where: Place
) -> tuple[Repriced, Repriced]:
    """Return two bills priced again after pieces went from one to the other; what was split off a table's bill counts for its minimum."""
    stays, arriving = arrived(target, came)
    if len(stays) + len(arriving) > LINES_MAX:
        raise NoSuchPieces(line_no=0, there=LINES_MAX, asked=len(stays) + len(arriving))
    if source.row.split_from == target.row.id:
        left = priced(source, source.lines, Coming(leaving=leaving), where)
        target = _counting(target, source.row, left)
        return left, priced(target, stays, Coming(arriving=arriving, gifts=left.gone), where)
    there = priced(target, stays, Coming(arriving=arriving), where)
    if target.row.split_from == source.row.id:
        source = _counting(source, target.row, there)
    return priced(source, source.lines, Coming(leaving=leaving), where), there


def _counting(of: Side, other: OrderRow, after: Repriced) -> Side:
    """Let a bill count what the goods of the other, split off it, come to now."""
    ground = of.at_hand.ground
    elsewhere_fen = ground.elsewhere_fen + goods_fen(after.after) - goods_fen(other)
    ground = msgspec.structs.replace(ground, elsewhere_fen=elsewhere_fen)
    return msgspec.structs.replace(of, at_hand=msgspec.structs.replace(of.at_hand, ground=ground))


def arrived(target: Side, came: Sequence[LineRow]) -> tuple[list[LineRow], list[LineRow]]:
    """Return the lines of a bill with the pieces that come to lines of their own dish, and the lines that are new to it."""
    by_dish = {each.dish_id: each for each in target.lines}
    round_, last = max(1, round_of(target.lines)), max([each.line_no for each in target.lines], default=0)
    arriving = []
    for each in came:
        there = by_dish.get(each.dish_id)
        if there is None:
            last += 1
            arriving.append(msgspec.structs.replace(each, line_no=last, round=round_))
        else:
            by_dish[each.dish_id] = msgspec.structs.replace(
                there,
                qty=there.qty + each.qty,
                ordered_qty=there.ordered_qty + each.ordered_qty,
                held_qty=there.held_qty + each.held_qty,
            )
    return [by_dish[each.dish_id] for each in target.lines], arriving


def priced(of: Side, lines: Sequence[LineRow], coming: Coming, where: Place) -> Repriced:
    """Return a bill priced again with what comes and goes."""
    return reprice(of.row, lines, coming, asked=NONE, points=0, at_hand=of.at_hand, hold_id=None, where=where)


def one_batch(orders: Sequence[Change], *bills: Repriced) -> list[Change]:
    """Return the changes of several bills as one batch, in which each row is written once; `orders` write the bills themselves."""
    stock: dict[str, int] = {}
    for each in bills:
        for sku_id, n in each.stock.items():
            stock[sku_id] = stock.get(sku_id, 0) + n
    writes = [*orders, *(write for each in bills for write in each.writes)]
    return promo.in_one([*writes, *moved_stock(bills[0].after.store_id, stock)])


def _with_party(found: OrderRow, asked: Move) -> OrderRow:
    """Return a bill without the people who go to another."""
    if asked.party is None or found.party is None:
        return found
    if asked.party >= found.party:
        raise PartyTooSmall(order_id=found.id, party=found.party, asked=asked.party)
    return msgspec.structs.replace(found, party=found.party - asked.party)


def _split_off(found: OrderRow, asked: Move, *, actor: Actor, mark: str, where: Place) -> OrderRow:
    """Return a new bill of the same meal, of nobody yet: opened when the first one was, and told with it."""
    return msgspec.structs.replace(
        bare(found),
        id=asked.to_order_id,
        member_id=None,
        party=asked.party,
        note="",
        version=0,
        placed_by=actor.id,
        fingerprint=mark,
        split_from=found.split_from or found.id,
        reopens=None,
        stream_of=facts.stream(found),
    )


def bare(found: OrderRow) -> OrderRow:
    """Return a bill with nothing on it, unpaid."""
    zeros = dict.fromkeys(
        (
            "list_fen", "member_saving_fen", "offer_fen", "coupon_fen", "hand_fen", "points", "points_fen", "fee_fen",
            "rounding_fen", "donation_fen", "due_fen", "refunded_fen", "points_earned",
        ),
        0,
    )  # fmt: skip
    return msgspec.structs.replace(
        found, **zeros, coupons="{}", reasons="[]", applied="", hold_id=None, pay_state="unpaid", paid_at=None
    )


def _noted(
    found: OrderRow, to_order_id: str, wanted: Sequence[tuple[LineRow, int]], *, actor: Actor, where: Place
) -> Change:
    return audit.note(
        actor,
        "ordering.moved",
        subject=f"order/{found.id}",
        store_id=found.store_id,
        at=where.at,
        to_order_id=to_order_id,
        pieces=[{"dish_id": each.dish_id, "name": each.name, "qty": qty} for each, qty in wanted],
    )


def told_moved(found: OrderRow, to: OrderRow, came: Sequence[LineRow]) -> LinesMoved:
    """Return the event that pieces moved from one bill to another."""
    return LinesMoved(
        from_order_id=found.id,
        to_order_id=to.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        table_id=to.table_id,
        lines=[facts.moved(each) for each in came],
    )


def _told(left: Repriced, there: Repriced, wanted: Sequence[tuple[LineRow, int]], *, new: bool) -> list[Event]:
    _, _, came = parted([each for each, _ in wanted], wanted)
    opened = [facts.placed(there.view, fires=False)] if new else []
    return [
        *opened,
        told_moved(left.after, there.after, [*came, *there.took]),
        *gifts_told(left, there.took),
        *gifts_told(there),
    ]
