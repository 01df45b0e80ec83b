"""Where and when: what a process knows of a store at the moment of a command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering.rules import Kind
from goodtaste.org import api as org
from goodtaste.promo import api as promo

NO_OFFERS = promo.LiveOffers()


class Place(msgspec.Struct, frozen=True):
    """What the process knows of where and when an order is placed."""

    book: menu.MenuBook
    program: members.Program
    calendar: BusinessCalendar
    at: datetime
    today: date
    offers: promo.LiveOffers = NO_OFFERS
    fees: org.StoreFees = org.NO_FEES
    tables: Mapping[str, org.Table] = {}
    tables_pay: org.TablesPay = "pay_after"

    @property
    def bill_hold(self) -> timedelta:
        """For how long an order that goes on unpaid keeps its member's coupons and points."""
        return timedelta(minutes=self.program.bill_hold_minutes)

    def earns(self, paid_fen: int, level: str, *, store_id: str, channel: str) -> int:
        """Return the points that a member of a level earns by paying so much now."""
        held = self.program.level(level)
        return members.points_earned(
            paid_fen, program=self.program, level=held, store_id=store_id, channel=channel, day=self.today
        )

    def pays_first(self, kind: Kind) -> bool:
        """Tell whether an order of a kind is paid before it is made: at a table where the store has it so, everywhere else always."""
        return kind != "dine_in" or self.tables_pay == "pay_first"

    def table_kind(self, table_id: str | None) -> str | None:
        """Return the kind of a table, which is the name of its area (大厅, 包间), or None where there is no table."""
        table = self.tables.get(table_id) if table_id else None
        return table.area if table else None
