"""Pure rules of invoices: what a tax number is, and how much of what was paid is ours to invoice."""

from __future__ import annotations

import re
from typing import Literal

State = Literal["requested", "issuing", "issued", "failed"]

_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE = re.compile(f"[{_SYMBOLS}]{{18}}")
_PERIOD = 31

NOT_OURS = frozenset(("elsewhere", "voucher", "account", "staff_meal"))
"""Ways to pay that are not invoiced with the order: the platform invoices what was paid there, an account is invoiced when it is settled,
a staff meal is no sale."""

TRIES_MAX = 5  # invoices asked for of one order, those that failed among them
ITEM = "*餐饮服务*餐费"


def is_tax_number(text: str) -> bool:
    """Tell whether a text is a unified social credit code (GB 32100-2015): 18 symbols, the last of which checks the others."""
    if not _CODE.fullmatch(text):
        return False
    total = sum(_SYMBOLS.index(each) * pow(3, place, _PERIOD) for place, each in enumerate(text[:17]))
    return text[17] == _SYMBOLS[-total % _PERIOD]
