"""What a scanned text is, by its form alone.  Codes of members, coupons and pickups never reach a payment provider."""

from __future__ import annotations

import re
from typing import Literal

from goodtaste.payment import api as payments

Kind = Literal[
    "wechat_pay",
    "alipay",
    "unionpay",
    "alipay_face",
    "wallet",
    "member_qr",
    "member_numeric",
    "coupon",
    "pickup",
    "unknown",
]

# Ours begin with letters, or with 88, which no payment code does.
FORMS: dict[Kind, re.Pattern[str]] = {
    "wechat_pay": payments.CODE_FORMS["wechat_pay"],
    "alipay": payments.CODE_FORMS["alipay"],
    "unionpay": payments.CODE_FORMS["unionpay"],
    "alipay_face": payments.CODE_FORMS["alipay_face"],
    "wallet": payments.CODE_FORMS["wallet"],
    "member_qr": re.compile(r"M1[A-Z2-7]{128}"),
    "member_numeric": re.compile(r"88[0-9]{16}"),
    "coupon": re.compile(r"C1[2-9A-HJ-NP-Z]{17}"),
    "pickup": re.compile(r"P1[0-9A-Z]{2,32}"),
}
PAYMENTS: frozenset[Kind] = frozenset(payments.CODE_FORMS)
_AROUND = " \t\r\n"  # what scanners put around a code


def trimmed(text: str) -> str:
    """Return a scanned text without the blanks that scanners add."""
    return text.strip(_AROUND)


def classify(text: str) -> Kind:
    """Tell what a scanned text is; the forms exclude each other."""
    code = trimmed(text)
    return next((kind for kind, form in FORMS.items() if form.fullmatch(code)), "unknown")
