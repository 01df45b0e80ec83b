"""The diners who pay with the sandbox wallet: each shows a code that begins with 99 and two digits that say what happens, so that every
fate of a payment can be met on purpose.
"""

from __future__ import annotations

from typing import Literal

import msgspec

PASSWORD_S = 4

Forgery = Literal["amount", "merchant", "signature", "stale"]
Billed = Literal["as it is", "not", "one fen more", "and another"]


class Diner(msgspec.Struct, frozen=True, kw_only=True):
    """One who pays, and how.  `pays_after_s`: 0 at once, None never."""

    name: str
    name_en: str
    pays_after_s: int | None = 0
    refuses: str = ""
    loses_reply: bool = False
    breaks: bool = False
    late: bool = False
    tells: tuple[int, ...] = (1,)
    tells_first: bool = False
    forged: Forgery | None = None
    refunds: Literal["at once", "slowly", "loses reply", "refuses"] = "at once"
    billed: Billed = "as it is"


DINERS = {
    "00": Diner(name="爽快付款", name_en="pays at once"),
    "01": Diner(name="先输密码再付款", name_en="types a password, then pays", pays_after_s=PASSWORD_S),
    "02": Diner(name="余额不足", name_en="has too little money", refuses="NOT_ENOUGH"),
    "03": Diner(name="钱付了，回执丢了", name_en="pays, and the reply is lost", loses_reply=True),
    "04": Diner(name="系统出错，其实已付", name_en="pays, and the wallet answers 500", breaks=True),
    "05": Diner(name="关单之后才付款", name_en="pays after it was closed", pays_after_s=None, late=True),
    "06": Diner(name="通知抢先且重复", name_en="is told of early, twice and late", tells=(1, 1, 120), tells_first=True),
    "07": Diner(name="通知金额被改", name_en="a notice has another amount", pays_after_s=20, forged="amount"),
    "08": Diner(name="通知商户被改", name_en="a notice has another merchant", pays_after_s=20, forged="merchant"),
    "09": Diner(name="通知签名错误", name_en="a notice is badly signed", pays_after_s=20, forged="signature"),
    "10": Diner(name="通知已过时效", name_en="a notice is stale", pays_after_s=20, forged="stale"),
    "11": Diner(name="退款很慢", name_en="gets refunds slowly", refunds="slowly"),
    "12": Diner(name="退款回执丢了", name_en="gets refunds whose reply is lost", refunds="loses reply"),
    "13": Diner(name="退款被拒", name_en="is refused refunds", refunds="refuses"),
    "14": Diner(name="看了看，不付了", name_en="looks, and refuses", pays_after_s=PASSWORD_S, refuses="PAYER_REFUSED"),
    "15": Diner(name="付款码过期", name_en="shows an expired code", refuses="AUTH_CODE_EXPIRED"),
    "16": Diner(
        name="关单后付款且无通知", name_en="pays late, and nobody is told", pays_after_s=None, late=True, tells=()
    ),
    "17": Diner(name="一直不付", name_en="never pays", pays_after_s=None),
    "18": Diner(name="账单上没有", name_en="is left out of the bill", billed="not"),
    "19": Diner(name="账单上多一分钱", name_en="the bill says one fen more", billed="one fen more"),
    "20": Diner(name="账单上多一笔", name_en="the bill has one more that nobody knows", billed="and another"),
}


def diner_of(auth_code: str) -> Diner | None:
    """Return the diner whose code this is, or None."""
    return DINERS.get(auth_code[2:4]) if auth_code.startswith("99") and len(auth_code) == 18 else None
