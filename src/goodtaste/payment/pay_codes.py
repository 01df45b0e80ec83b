"""Payment codes that diners show: whose they are, told from their form (WeChat's micropay and Alipay's trade.pay documents)."""

from __future__ import annotations

import re
from typing import Literal

from goodtaste.kernel.errors import Refusal

Wallet = Literal["wechat_pay", "alipay", "unionpay", "alipay_face"]

FORMS: dict[Wallet, re.Pattern[str]] = {
    "wechat_pay": re.compile(r"1[0-5][0-9]{16}"),
    "alipay": re.compile(r"(?:2[5-9]|30)[0-9]{14,22}"),
    "unionpay": re.compile(r"62[0-9]{17}"),
    "alipay_face": re.compile(r"fp[0-9A-Za-z]{33}"),
}


class CodeOfAnother(Refusal):
    """Raised for a code of one wallet sent to another.  Facts: `method`, `wallet`."""

    code = "payment.code_of_another"
    status = 422


def wallet_of(code: str) -> Wallet | None:
    """Return whose payment code this is, or None for none that is known."""
    return next((wallet for wallet, form in FORMS.items() if form.fullmatch(code)), None)
