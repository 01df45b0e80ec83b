"""The Z report of a shift or a day on paper."""

from __future__ import annotations

from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.receipts import money, said
from goodtaste.floor.printing.slips import Section, report
from goodtaste.payment.api import ZReport

_SALES = ("list_fen", "discount_fen", "fee_fen", "rounding_fen", "due_fen", "cancelled_fen", "refunded_fen")
_CASH = (
    "float_fen",
    "taken_fen",
    "back_fen",
    "settled_fen",
    "in_fen",
    "out_fen",
    "expected_fen",
    "counted_fen",
    "difference_fen",
    "loose_fen",
)
SIGNED = ("cashier", "manager")
DIGEST_SHOWN = 16  # of its characters: enough to compare paper and screen


def z_slip(found: ZReport, *, store: str, at: str, english: bool) -> Document:
    """Return a report as it is printed, with the beginning of its digest, and lines for those who sign it."""
    sales, cash = found.report.sales, found.report.cash
    counts = tuple(
        (said(f"print.z.{name}", english), str(getattr(sales, name))) for name in ("orders", "cancelled", "refunds")
    )
    sections = [
        Section(
            store,
            (
                (said("print.z.number", english), f"Z{found.number:05d}"),
                (said("print.z.date", english), str(found.business_date)),
                (said("print.z.at", english), at),
                (said("print.z.digest", english), found.digest[:DIGEST_SHOWN]),
            ),
        ),
        Section(said("print.z.sales", english), counts + _amounts(sales, _SALES, english)),
        Section(
            said("print.z.tenders", english),
            tuple(
                (f"{each.method} x{each.payments}", money(each.paid_fen - each.back_fen))
                for each in found.report.tenders
            ),
        ),
        Section(
            said("print.z.cash", english),
            (*_amounts(cash, _CASH, english), (said("print.z.openings", english), str(cash.openings))),
        ),
    ]
    if found.report.shifts:
        rows = tuple((f"Z{each.z_number:05d}", money(each.difference_fen)) for each in found.report.shifts)
        sections.append(Section(said("print.z.shifts", english), rows))
    title = said(f"print.z.of_{found.kind}", english)
    return report(title, sections, signed_by=[said(f"print.z.{each}", english) for each in SIGNED])


def _amounts(of: object, names: tuple[str, ...], english: bool) -> tuple[tuple[str, str], ...]:
    return tuple((said(f"print.z.{name}", english), money(getattr(of, name))) for name in names)
