"""Payment codes that diners show: whose they are, told from their form (WeChat's micropay and Alipay's trade.pay documents)."""

from __future__ import annotations

import re
from typing import Literal

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END

Wallet = Literal["wechat_pay", "alipay", "unionpay", "alipay_face", "wallet"]

SHOWN = r"^[0-9A-Za-z]{0,256}" + END  # whatever a scanner may have read

FORMS: dict[Wallet, re.Pattern[str]] = {
    "wechat_pay": re.compile(r"1[0-5][0-9]{16}"),
    "alipay": re.compile(r"(?:2[5-9]|30)[0-9]{14,22}"),
    "unionpay": re.compile(r"62[0-9]{17}"),
    "alipay_face": re.compile(r"fp[0-9A-Za-z]{33}"),
    "wallet": re.compile(r"99[0-9]{16}"),  # the sandbox wallet, whose codes no real one has
}


class CodeOfAnother(Refusal):
    """Raised for a code of one wallet sent to another.  Facts: `method`, `wallet`."""

    code = "payment.code_of_another"
    status = 422


class NotAPayCode(Refusal):
    """Raised for a scanned text that is no payment code: a member code, a coupon, goods.  It is sent to nobody.  Facts: `method`."""

    code = "payment.not_a_pay_code"
    status = 422


def check(code: str, *, method: str) -> None:
    """Pass for a payment code of `method`, or none; refuses `CodeOfAnother` and `NotAPayCode`."""
    wallet = wallet_of(code)
    if code and wallet is None:
        raise NotAPayCode(method=method)
    if code and wallet != method:
        raise CodeOfAnother(method=method, wallet=wallet)


def wallet_of(code: str) -> Wallet | None:
    """Return whose payment code this is, or None for none that is known."""
    return next((wallet for wallet, form in FORMS.items() if form.fullmatch(code)), None)
