"""The bill of trades of Alipay: a ZIP with tables in GBK, of which one has a line for each payment and refund, between lines that begin
with `#` and say whose bill it is and what it adds up to.

Columns are found by their names.  Amounts are yuan, below zero for a refund; the fee is below zero where it was kept.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from datetime import datetime

from goodtaste.kernel.money import parse_fen, yuan
from goodtaste.payment.gateway import BillLine
from goodtaste.payment.gateways.genuine import BEIJING
from goodtaste.payment.gateways.line import BILL_MAX
from goodtaste.payment.gateways.numbers import ours_or

TRADE, NUMBER, KIND, AT = "支付宝交易号", "商户订单号", "业务类型", "完成时间"
AMOUNT, RECEIVED, REQUEST, FEE = "订单金额（元）", "商家实收（元）", "退款批次号/请求号", "服务费（元）"
COLUMNS = (
    TRADE, NUMBER, KIND, "商品名称", "创建时间", AT, "门店编号", "门店名称", "操作员", "终端号", "对方账户", AMOUNT, RECEIVED,
    "支付宝红包（元）", "集分宝（元）", "支付宝优惠（元）", "商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）",
    "卡消费金额（元）", REQUEST, FEE, "分润（元）", "备注",
)  # fmt: skip
PAID, REFUNDED = "交易", "退款"
FILES_MAX = 8
_HEAD = "#支付宝业务明细查询"
_ACCOUNT = re.compile(r"#账号：\[([0-9]+)\]")
_TOTALS = {
    PAID: re.compile(r"#交易合计：([0-9]+)笔，商家实收共(-?[0-9.]+)元"),
    REFUNDED: re.compile(r"#退款合计：([0-9]+)笔，商家实收退款共(-?[0-9.]+)元"),
}
_TIME = "%Y-%m-%d %H:%M:%S"


def read(file: bytes, *, seller: str) -> list[BillLine]:
    """Return the lines of a bill; raises ValueError for one that is of another seller, cut off, or does not add up."""
    text = _table(file)
    account = _ACCOUNT.search(text)
    if account is None or not account[1].startswith(seller):
        raise ValueError("the bill of another seller")
    rows = [
        [cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row and not row[0].startswith("#")
    ]
    if not rows or TRADE not in rows[0]:
        raise ValueError("no bill of trades")
    found = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    try:
        for kind, totals in _TOTALS.items():
            told, own = totals.search(text), [cells for cells in found if cells[KIND] == kind]
            received_fen = sum(abs(parse_fen(cells[RECEIVED])) for cells in own)
            if told is None or (int(told[1]), abs(parse_fen(told[2]))) != (len(own), received_fen):
                raise ValueError("the lines do not add up to the totals")
        return [_line(cells) for cells in found if cells[KIND] in _TOTALS]
    except KeyError as error:
        raise ValueError(f"no column {error}") from error


def _table(file: bytes) -> str:
    """Return the table of trades out of a ZIP."""
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as box:
            members = box.infolist()
            if len(members) > FILES_MAX or sum(each.file_size for each in members) > BILL_MAX:
                raise ValueError("too much in it")
            texts = [box.read(each).decode("gb18030") for each in members]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        raise ValueError("no ZIP") from error
    found = [text for text in texts if text.startswith(_HEAD) and NUMBER in text]
    if len(found) != 1:
        raise ValueError("no bill of trades")
    return found[0]


def _line(cells: dict[str, str]) -> BillLine:
    came, fee_fen = cells[KIND] == PAID, abs(parse_fen(cells[FEE]))
    return BillLine(
        kind="paid" if came else "refunded",
        payment_id=ours_or(cells[NUMBER]),
        refund_id="" if came else ours_or(cells[REQUEST]),
        gateway_ref=cells[TRADE],
        amount_fen=abs(parse_fen(cells[AMOUNT])),
        fee_fen=fee_fen if came else -fee_fen,
        at=datetime.strptime(cells[AT], _TIME).replace(tzinfo=BEIJING),
    )


def write(lines: Iterable[BillLine], *, seller: str) -> bytes:
    """Return a bill as Alipay writes it; numbers as they are given."""
    counts, sums, rows = {"paid": 0, "refunded": 0}, {"paid": 0, "refunded": 0}, io.StringIO()
    table = csv.writer(rows, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for line in lines:
        counts[line.kind] += 1
        sums[line.kind] += line.amount_fen
        table.writerow([_written(line).get(name, "") for name in COLUMNS])
    text = (
        f"{_HEAD}\r\n#账号：[{seller}0156]\r\n#起始日期：[]   终止日期：[]\r\n"
        "#-----------------------------------------业务明细列表----------------------------------------\r\n"
        f"{rows.getvalue()}"
        "#-----------------------------------------业务明细列表结束------------------------------------\r\n"
        f"#交易合计：{counts['paid']}笔，商家实收共{yuan(sums['paid'])}元，商家优惠共0.00元\r\n"
        f"#退款合计：{counts['refunded']}笔，商家实收退款共{yuan(-sums['refunded'])}元，商家优惠退款共0.00元\r\n"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in (("业务明细", text), ("业务明细(汇总)", "#支付宝业务汇总查询\r\n")):
            box.writestr(zipfile.ZipInfo(f"{seller}_{name}.csv"), content.encode("gb18030"))
    return made.getvalue()


def _written(line: BillLine) -> dict[str, str]:
    came = line.kind == "paid"
    sign, at = 1 if came else -1, line.at.astimezone(BEIJING).strftime(_TIME)
    return {
        TRADE: f"{line.gateway_ref}\t",
        NUMBER: f"{line.payment_id}\t",
        KIND: PAID if came else REFUNDED,
        "商品名称": "好味, 牛肉面",
        "创建时间": at,
        AT: at,
        AMOUNT: yuan(sign * line.amount_fen),
        RECEIVED: yuan(sign * line.amount_fen),
        REQUEST: "" if came else f"{line.refund_id}\t",
        FEE: yuan(-line.fee_fen),
    }
