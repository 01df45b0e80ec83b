"""The bill of trades of WeChat Pay (tradebill, ALL): lines of cells that each begin with a backtick, then the totals they add up to.

Columns are found by their names, so that one more of them or another order does no harm.  Amounts are yuan, times are Beijing's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from goodtaste.kernel.money import parse_fen, yuan
from goodtaste.payment.gateway import BillLine
from goodtaste.payment.gateways.genuine import BEIJING
from goodtaste.payment.gateways.numbers import ours_or

AT, MERCHANT, REFERENCE, NUMBER, STATE = "交易时间", "商户号", "微信订单号", "商户订单号", "交易状态"
PAID, FEE, REFUND_REFERENCE = "应结订单金额", "手续费", "微信退款单号"
REFUND_NUMBER, REFUNDED, REFUND_STATE = "商户退款单号", "退款金额", "退款状态"
COLUMNS = (
    AT, "公众账号ID", MERCHANT, "特约商户号", "设备号", REFERENCE, NUMBER, "用户标识", "交易类型", STATE, "付款银行", "货币种类", PAID,
    "代金券金额", REFUND_REFERENCE, REFUND_NUMBER, REFUNDED, "充值券退款金额", "退款类型", REFUND_STATE, "商品名称", "商户数据包", FEE,
    "费率", "订单金额", "申请退款金额", "费率备注",
)  # fmt: skip
COUNT, ALL_PAID, ALL_REFUNDED, ALL_FEES = "总交易单数", "应结订单总金额", "退款总金额", "手续费总金额"
TOTALS = (COUNT, ALL_PAID, ALL_REFUNDED, "充值券退款总金额", ALL_FEES, "订单总金额", "申请退款总金额")
_TIME = "%Y-%m-%d %H:%M:%S"


def digest(file: bytes) -> str:
    """Return what WeChat says of a bill's bytes, by which a file is known to be whole (SHA-1 is its choice)."""
    return hashlib.sha1(file, usedforsecurity=False).hexdigest()


def read(file: bytes, *, merchant: str) -> list[BillLine]:
    """Return the lines of a bill; raises ValueError for one that is of another merchant, cut off, or does not add up."""
    rows = [row for row in file.decode("utf-8-sig").splitlines() if row]
    if len(rows) < 3 or rows[-1].startswith(COUNT):
        raise ValueError("no bill of trades")
    names, totals = rows[0].split(","), dict(zip(rows[-2].split(","), _cells(rows[-1]), strict=True))
    found = [dict(zip(names, _cells(row), strict=True)) for row in rows[1:-2]]
    try:
        if any(cells[MERCHANT] != merchant for cells in found):
            raise ValueError("the bill of another merchant")
        lines = [line for cells in found for line in _lines(cells)]
        told = int(totals[COUNT]), parse_fen(totals[ALL_PAID]), parse_fen(totals[ALL_REFUNDED]), _fee(totals[ALL_FEES])
    except KeyError as error:
        raise ValueError(f"no column {error}") from error
    sums = [sum(line.amount_fen for line in lines if line.kind == kind) for kind in ("paid", "refunded")]
    if told != (len(found), *sums, sum(line.fee_fen for line in lines)):
        raise ValueError("the lines do not add up to the totals")
    return lines


def _cells(row: str) -> list[str]:
    return row.removeprefix("`").split(",`")


def _lines(cells: dict[str, str]) -> list[BillLine]:
    """Return what one row says: money that came, or went back (a reversal says so without a number of ours)."""
    came, back = cells[STATE] == "SUCCESS", cells[STATE] in ("REFUND", "REVOKED") and cells[REFUND_STATE] != "FAIL"
    if not came and not back:
        return []
    number = ours_or(cells[REFUND_NUMBER])
    return [
        BillLine(
            kind="paid" if came else "refunded",
            payment_id=ours_or(cells[NUMBER]),
            refund_id="" if came or number == "0" else number,
            gateway_ref=cells[REFERENCE] if came else cells[REFUND_REFERENCE],
            amount_fen=parse_fen(cells[PAID if came else REFUNDED]),
            fee_fen=_fee(cells[FEE]),
            at=datetime.strptime(cells[AT], _TIME).replace(tzinfo=BEIJING),
        )
    ]


def _fee(text: str) -> int:
    """Return a fee in fen; WeChat writes five decimals, of which the last three are 0."""
    return parse_fen(text.removesuffix("000") if len(text.partition(".")[2]) == 5 else text)


def write(lines: Iterable[BillLine], *, merchant: str, app_id: str) -> bytes:
    """Return a bill as WeChat writes it; numbers as they are given."""
    rows, sums, fees = [",".join(COLUMNS)], {"paid": 0, "refunded": 0}, 0
    for line in lines:
        sums[line.kind] += line.amount_fen
        fees += line.fee_fen
        rows.append(_row(_written(line, merchant=merchant, app_id=app_id).get(name, "") for name in COLUMNS))
    totals = {
        COUNT: str(len(rows) - 1),
        ALL_PAID: yuan(sums["paid"]),
        ALL_REFUNDED: yuan(sums["refunded"]),
        ALL_FEES: f"{yuan(fees)}000",
        "充值券退款总金额": "0.00",
        "订单总金额": yuan(sums["paid"]),
        "申请退款总金额": yuan(sums["refunded"]),
    }
    return "\r\n".join([*rows, ",".join(TOTALS), _row(totals[name] for name in TOTALS), ""]).encode()


def _row(cells: Iterable[str]) -> str:
    return "`" + ",`".join(cells)


def _written(line: BillLine, *, merchant: str, app_id: str) -> dict[str, str]:
    came = line.kind == "paid"
    return {
        AT: line.at.astimezone(BEIJING).strftime(_TIME),
        "公众账号ID": app_id,
        MERCHANT: merchant,
        REFERENCE: line.gateway_ref if came else "0",
        NUMBER: line.payment_id,
        "交易类型": "NATIVE",
        STATE: "SUCCESS" if came else "REFUND",
        "货币种类": "CNY",
        PAID: yuan(line.amount_fen if came else 0),
        REFUND_REFERENCE: "0" if came else line.gateway_ref,
        REFUND_NUMBER: "0" if came else line.refund_id,
        REFUNDED: yuan(0 if came else line.amount_fen),
        REFUND_STATE: "" if came else "SUCCESS",
        "商品名称": "好味, 牛肉面",
        FEE: f"{yuan(line.fee_fen)}000",
        "费率": "0.60%",
    }
