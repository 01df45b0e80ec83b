"""The day's own books: what the diners paid, used and got back, as they reckon it themselves and never as the house says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from goodtaste.twin.goods import Bill, Offer, earned


class Purse(msgspec.Struct):
    """What a member has, by their own reckoning: points, growth, coupons at hand."""

    available: int = 0
    pending: int = 0
    debt: int = 0
    growth: int = 0
    earn_bp: int = 10_000
    coupons: dict[str, Offer] = {}

    def credit(self, points: int) -> None:
        """Take points in: what is owed is filled first."""
        filled = min(points, self.debt)
        self.debt -= filled
        self.available += points - filled

    @property
    def spendable(self) -> int:
        """Points that may be spent: none while some are owed."""
        return 0 if self.debt else self.available


class Sale(msgspec.Struct):
    """An order in the day's own books."""

    id: str
    store_id: str
    purse: Purse | None
    takes: dict[str, int]
    bill: Bill
    offer: Offer | None = None
    state: str = "placed"
    paid_fen: int = 0
    method: str = ""
    payment_id: str = ""
    refunded_fen: int = 0
    earned: int = 0
    growth: int = 0
    completed: bool = False

    @property
    def unmade(self) -> bool:
        """Whether nobody has begun to make it."""
        return self.state in ("placed", "accepted")


class Books:
    """The books of a day."""

    def __init__(self) -> None:
        self.sales: dict[str, Sale] = {}
        self.moved: Counter[tuple[str, str]] = Counter()  # portions out of (store, SKU)
        self.issued: Counter[str] = Counter()  # coupons of a template
        self.failed: set[str] = set()  # attempts to pay that brought no money

    def placed(self, sale: Sale) -> None:
        """An order was placed: portions are taken, a coupon and points are held or used."""
        self.sales[sale.id] = sale
        self._move(sale, sale.takes, 1)
        self._hold(sale)

    def grown(self, sale: Sale, takes: Mapping[str, int], bill: Bill) -> None:
        """More was ordered on an open bill."""
        self._move(sale, takes, 1)
        for sku_id, n in takes.items():
            sale.takes[sku_id] = sale.takes.get(sku_id, 0) + n
        sale.bill = bill

    def billed(self, sale: Sale, bill: Bill, offer: Offer | None) -> None:
        """Coupon and points were put on an open bill."""
        sale.bill, sale.offer = bill, offer
        self._hold(sale)

    def paid(self, sale: Sale, *, method: str, payment_id: str) -> None:
        """An order was paid in full: points are earned, pending until it is completed."""
        sale.paid_fen, sale.method, sale.payment_id = sale.bill.due_fen, method, payment_id
        if sale.purse is not None:
            sale.earned = earned(sale.paid_fen, earn_bp=sale.purse.earn_bp)
            sale.purse.pending += sale.earned

    def completed(self, sale: Sale) -> None:
        """An order was completed: its points may be spent, and growth follows what was paid and not refunded."""
        sale.state, sale.completed = "completed", True
        if sale.purse is not None:
            sale.purse.pending -= sale.earned
            sale.purse.credit(sale.earned)
            sale.growth = (sale.paid_fen - sale.refunded_fen) // 100
            sale.purse.growth += sale.growth

    def cancelled(self, sale: Sale) -> None:
        """An unpaid order was cancelled: everything comes back."""
        sale.state = "cancelled"
        self._move(sale, sale.takes, -1)
        if sale.purse is not None:
            sale.purse.available += sale.bill.points
            self._coupon_back(sale)

    def refunded(self, sale: Sale, *, amount_fen: int, points_fen: int, takes: Mapping[str, int], whole: bool) -> None:
        """Pieces came back that cost so much in money and in points; `takes` went back on sale.  What is not made by then is cancelled."""
        if whole and sale.unmade:
            sale.state = "cancelled"
        self._move(sale, takes, -1)
        paid, back = sale.paid_fen, sale.refunded_fen
        sale.refunded_fen += amount_fen
        if sale.purse is None:
            return
        taken = (sale.earned * (back + amount_fen) // paid - sale.earned * back // paid) if paid else 0
        sale.purse.available += points_fen  # a point pays for a fen
        if not sale.completed:
            sale.purse.pending -= taken
            sale.earned -= taken
        else:
            found = min(taken, sale.purse.available)
            sale.purse.available -= found
            sale.purse.debt += taken - found
            stays = 0 if whole else (paid - sale.refunded_fen) // 100
            sale.purse.growth -= max(sale.growth - stays, 0)
            sale.growth = min(sale.growth, stays)
        if whole:
            self._coupon_back(sale)

    def _move(self, sale: Sale, takes: Mapping[str, int], sign: int) -> None:
        for sku_id, n in takes.items():
            self.moved[sale.store_id, sku_id] += sign * n

    def _hold(self, sale: Sale) -> None:
        if sale.purse is not None:
            sale.purse.available -= sale.bill.points
            if sale.offer is not None:
                del sale.purse.coupons[sale.offer.id]

    def _coupon_back(self, sale: Sale) -> None:
        if sale.purse is not None and sale.offer is not None:
            sale.purse.coupons[sale.offer.id] = sale.offer
