"""The bill of UnionPay: a ZIP, compressed once more, whose ZM file has a line of fixed columns for each payment and refund.

The columns (as in UnionPay's own example for merchants) are one blank apart and counted in bytes of GBK.  It comes inside a signed answer
and has no totals of its own.
"""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from goodtaste.payment.gateway import BillLine
from goodtaste.payment.gateways.genuine import BEIJING
from goodtaste.payment.gateways.line import BILL_MAX
from goodtaste.payment.gateways.numbers import ours_or

WIDTHS = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12,
    2, 1, 32, 98,
)  # fmt: skip
TRACE, AMOUNT, QUERY_ID, NUMBER, FEE, KIND, MERCHANT, ORIGINAL = 4, 6, 9, 11, 15, 19, 27, 40
PAID, BACK = "01", ("04", "31")  # types of transactions: consumption; return and reversal
FILES_MAX = 16


def read(content: str, *, merchant: str, day: date) -> list[BillLine]:
    """Return the lines of the bill of a settlement day; raises ValueError for one that is of another merchant, or no bill."""
    return [
        _line(cells, day)
        for cells in (_cells(row, merchant) for row in _table(content).splitlines() if row.strip())
        if cells[KIND] in (PAID, *BACK)
    ]


def _table(content: str) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        box = unpacker.decompress(base64.b64decode(content, validate=True), BILL_MAX)
        if not unpacker.eof:
            raise ValueError("cut off, or too much in it")
        with zipfile.ZipFile(io.BytesIO(box)) as files:
            members = files.infolist()
            if len(members) > FILES_MAX or sum(each.file_size for each in members) > BILL_MAX:
                raise ValueError("too much in it")
            found = [each for each in members if "ZM_" in each.filename]
            if len(found) != 1:
                raise ValueError("no bill of trades")
            return files.read(found[0])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        raise ValueError("no ZIP") from error


def _cells(row: bytes, merchant: str) -> list[str]:
    cells, start = [], 0
    for width in WIDTHS:
        cells.append(row[start : start + width].decode("gb18030").strip())
        start += width + 1
    if cells[MERCHANT] != merchant:
        raise ValueError("the bill of another merchant")
    return cells


def _line(cells: list[str], day: date) -> BillLine:
    came, fee_fen = cells[KIND] == PAID, int(cells[FEE].lstrip("CD") or "0")
    at = datetime.strptime(f"{day.year}{cells[TRACE]}", "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    if at.date() > day + timedelta(days=180):  # of the year before
        at = at.replace(year=day.year - 1)
    return BillLine(
        kind="paid" if came else "refunded",
        payment_id=ours_or(cells[NUMBER] if came else cells[ORIGINAL]),
        refund_id="" if came else ours_or(cells[NUMBER]),
        gateway_ref=cells[QUERY_ID],
        amount_fen=int(cells[AMOUNT]),
        fee_fen=fee_fen if came else -fee_fen,
        at=at,
    )


def write(lines: Iterable[BillLine], *, merchant: str) -> str:
    """Return a bill as UnionPay sends it; numbers as they are given."""
    text = b"".join(_row(line, merchant) for line in lines)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr(zipfile.ZipInfo(f"INN00000000ZM_{merchant}"), text)
        box.writestr(zipfile.ZipInfo(f"INN00000000ZME_{merchant}"), b"")
    return base64.b64encode(zlib.compress(made.getvalue())).decode()


def _row(line: BillLine, merchant: str) -> bytes:
    came = line.kind == "paid"
    cells = {
        TRACE: line.at.astimezone(BEIJING).strftime("%m%d%H%M%S"),
        AMOUNT: f"{line.amount_fen:012d}",
        QUERY_ID: line.gateway_ref,
        NUMBER: line.payment_id if came else line.refund_id,
        FEE: f"{'D' if came else 'C'}{abs(line.fee_fen):012d}",
        KIND: PAID if came else BACK[0],
        MERCHANT: merchant,
        ORIGINAL: "" if came else line.payment_id,
    }
    padded = (cells.get(n, "").encode("gb18030").ljust(width) for n, width in enumerate(WIDTHS))
    return b" ".join(padded) + b"\r\n"
