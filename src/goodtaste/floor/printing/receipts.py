"""Receipts and pre-bills: what was eaten, what was saved by what, what was paid and how, what it brought."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from goodtaste.floor.printing.paper import Block, Cells, Cut, Document, Drawer, Feed, Qr, Rule, Text, row
from goodtaste.kernel.money import yuan
from goodtaste.kernel.words import sentence

YUAN = "￥"
QTY, AMOUNT = 5, 10  # columns


class Both(msgspec.Struct, frozen=True):
    """A name in Chinese and English; where there is no English one it is empty."""

    zh: str
    en: str = ""

    def on(self, english: bool) -> str:
        """Return it as it stands on paper."""
        return f"{self.zh} {self.en}" if english and self.en and self.en != self.zh else self.zh


class Item(msgspec.Struct, frozen=True):
    """A line of a bill: what it costs by the list, for all its pieces, and what was chosen and remarked."""

    name: str
    qty: int
    list_fen: int
    chosen: tuple[str, ...] = ()
    note: str = ""


class Saving(msgspec.Struct, frozen=True):
    """What took something off, and how much."""

    by: Both
    saved_fen: int


class Tender(msgspec.Struct, frozen=True):
    """Money that came: how, how much, and in cash what was handed over and given back."""

    method: str
    amount_fen: int
    tendered_fen: int | None = None
    change_fen: int | None = None


class MemberPart(msgspec.Struct, frozen=True):
    """What a member's receipt says of them: no name, no phone."""

    level: Both
    earned: int
    balance: int
    spent: int = 0


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a receipt shows it.  Amounts in fen.

    `number` is what is called out; `at` is written on the store's clock; `qr_url` is empty where there is no code; `carbon_g` is None
    where nobody knows it.
    """

    brand: Both
    store: Both
    address: str
    phone: str
    number: str
    where: Both
    at: str
    items: tuple[Item, ...]
    savings: tuple[Saving, ...] = ()
    fees: tuple[tuple[str, int], ...] = ()
    rounding_fen: int = 0
    donation_fen: int = 0
    list_fen: int
    due_fen: int
    refunded_fen: int = 0
    tenders: tuple[Tender, ...] = ()
    member: MemberPart | None = None
    carbon_g: int | None = None
    qr_url: str = ""


def receipt(sale: Sale, *, english: bool, drawer: bool = False) -> Document:
    """Return the receipt of a paid order; with `drawer` it opens the drawer first, so that change is at hand while it prints."""
    return Document(
        (
            *([Drawer()] if drawer else []),
            *_head(sale, english),
            *_items(sale, english),
            *_sums(sale, english),
            *_tenders(sale, english),
            *_member(sale, english),
            *_tail(sale, english),
            Feed(),
            Cut(),
        )
    )


def pre_bill(sale: Sale, *, english: bool) -> Document:
    """Return what is put on the table before anybody pays."""
    return Document(
        (
            Text(said("print.pre_bill", english), "center", "tall", bold=True),
            *_head(sale, english),
            *_items(sale, english),
            *_sums(sale, english),
            Text(said("print.not_a_receipt", english), "center"),
            Feed(),
            Cut(),
        )
    )


def drawer_only() -> Document:
    """Return what opens the drawer and prints nothing."""
    return Document((Drawer(),))


def said(code: str, english: bool, **facts: object) -> str:
    """Return words for paper: Chinese, and English beside it where the store wants that."""
    zh = sentence(code, "zh-CN", facts).say
    return f"{zh} {sentence(code, 'en', facts).say}" if english else zh


def money(fen: int) -> str:
    """Return fen as an amount on paper."""
    return f"-{YUAN}{yuan(-fen)}" if fen < 0 else f"{YUAN}{yuan(fen)}"


def _head(sale: Sale, english: bool) -> Iterator[Block]:
    if sale.brand.zh:
        yield Text(sale.brand.on(english), "center", "big", bold=True)
    yield Text(sale.store.on(english), "center")
    if contact := " ".join(filter(None, (sale.address, sale.phone))):
        yield Text(contact, "center")
    yield Rule()
    yield Text(f"{sale.where.on(english)}  {sale.number}", "center", "tall", bold=True)
    yield Text(sale.at)
    yield Rule()


def _items(sale: Sale, english: bool) -> Iterator[Block]:
    yield Cells(said("print.item", english), ((said("print.qty", False), QTY), (said("print.amount", False), AMOUNT)))
    for item in sale.items:
        yield Cells(item.name, ((f"x{item.qty}", QTY), (yuan(item.list_fen), AMOUNT)))
        for each in (" · ".join(item.chosen), item.note):
            if each:
                yield Text(f"  {each}")
    yield Rule()


def _sums(sale: Sale, english: bool) -> Iterator[Block]:
    yield row(said("print.list_sum", english), yuan(sale.list_fen))
    for saving in sale.savings:
        yield row(saving.by.on(english), yuan(-saving.saved_fen))
    for code, fen in sale.fees:
        yield row(said(f"print.fee.{code}", english), yuan(fen))
    if sale.rounding_fen:
        yield row(said("print.rounding", english), yuan(-sale.rounding_fen))
    if sale.donation_fen:
        yield row(said("print.donation", english), yuan(sale.donation_fen))
    saved = sum(each.saved_fen for each in sale.savings) + sale.rounding_fen
    yield row(said("print.due", english), money(sale.due_fen), bold=True, size="tall")
    if saved:
        yield row(said("print.saved", english), yuan(saved))
    yield Rule()


def _tenders(sale: Sale, english: bool) -> Iterator[Block]:
    for each in sale.tenders:
        yield row(said(f"print.method.{each.method}", english), yuan(each.amount_fen))
        if each.change_fen:
            yield row(said("print.tendered", english), yuan(each.tendered_fen or 0))
            yield row(said("print.change", english), yuan(each.change_fen))
    if sale.refunded_fen:
        yield row(said("print.refunded", english), yuan(-sale.refunded_fen), bold=True)
    if sale.tenders or sale.refunded_fen:
        yield Rule()


def _member(sale: Sale, english: bool) -> Iterator[Block]:
    if sale.member is None:
        return
    yield row(said("print.member", english), sale.member.level.on(english))
    if sale.member.spent:
        yield row(said("print.points_spent", english), str(sale.member.spent))
    yield row(said("print.points_earned", english), f"+{sale.member.earned}")
    yield row(said("print.points_balance", english), str(sale.member.balance))
    yield Rule()


def _tail(sale: Sale, english: bool) -> Iterator[Block]:
    if sale.carbon_g is not None:
        yield Text(said("print.carbon", english, kg=f"{sale.carbon_g / 1000:.1f}"), "center")
    if sale.qr_url:
        yield Text(said("print.scan", english), "center")
        yield Qr(sale.qr_url)
    yield Text(said("print.tax", english), "center")
    yield Text(said("print.thanks", english), "center")
