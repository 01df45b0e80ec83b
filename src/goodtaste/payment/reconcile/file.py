"""Bills brought in as files: the gateway's own where it is known, else a table of our own columns."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import msgspec

from goodtaste.kernel.errors import Refusal
from goodtaste.payment.gateway import Bill, BillLine
from goodtaste.payment.gateways import wechat_bill

COLUMNS = ("kind", "payment_id", "refund_id", "gateway_ref", "amount_fen", "fee_fen", "at")
LINES_MAX = 1_000_000


class BadBill(Refusal):
    """Raised for a file that is no bill.  Facts: `line` (0 where it is the whole), `why`."""

    code = "payment.bad_bill"
    status = 422


def read(file: bytes, *, merchant: str = "") -> Bill:
    """Return the bill that a file holds: WeChat Pay's bill of trades of `merchant`, or CSV with the columns `COLUMNS`.

    Refuses `BadBill`; a file of which one line cannot be read is refused whole.
    """
    try:
        text = file.decode("utf-8-sig")
        if text.startswith(wechat_bill.AT):
            return Bill(tuple(wechat_bill.read(file, merchant=merchant)), file)
    except ValueError as error:
        raise BadBill(line=0, why=str(error)[:200]) from error
    table = csv.DictReader(io.StringIO(text))
    if tuple(table.fieldnames or ()) != COLUMNS:
        raise BadBill(line=1, why=f"the columns must be {','.join(COLUMNS)}")
    lines = []
    for row in table:
        try:
            lines.append(_line(row))
        except (ValueError, TypeError, msgspec.ValidationError) as error:
            raise BadBill(line=table.line_num, why=str(error)[:200]) from error
        if len(lines) > LINES_MAX:
            raise BadBill(line=table.line_num, why=f"more than {LINES_MAX} lines")
    return Bill(tuple(lines), file)


def _line(row: dict[str, str]) -> BillLine:
    at, amount_fen = datetime.fromisoformat(row["at"]), int(row["amount_fen"])
    if at.tzinfo is None or amount_fen <= 0 or None in row.values():
        raise ValueError("an instant with its zone, and an amount above 0")
    found = {**row, "at": at, "amount_fen": amount_fen, "fee_fen": int(row["fee_fen"])}
    return msgspec.convert(found, BillLine)
