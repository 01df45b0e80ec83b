"""Phone numbers: one written form for each (E.164), and one that may be shown."""

from __future__ import annotations

import re

from goodtaste.kernel.errors import Refusal

# Where messages are sent.  More countries are more ways to make the brand pay for messages to numbers that earn from them.
_SERVED = {"86": r"1[3-9][0-9]{9}", "852": r"[4-9][0-9]{7}", "853": r"6[0-9]{7}", "886": r"9[0-9]{8}"}
_NUMBER = re.compile("|".join(rf"(?:\+{country}{number})" for country, number in _SERVED.items()))
_BLANKS = re.compile(r"[ ()\-]")


class BadPhone(Refusal):
    """Raised for what is not a mobile number of mainland China, Hong Kong, Macau or Taiwan."""

    code = "member.bad_phone"
    status = 422


def normalised(text: str) -> str:
    """Return a mobile number as E.164 (+8613800138000); without a country it is a Chinese one.  Refuses `BadPhone`."""
    number = _BLANKS.sub("", text)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    elif len(number) == 11:
        number = f"+86{number}"
    elif not number.startswith("+"):
        number = f"+{number}"
    if not _NUMBER.fullmatch(number):
        raise BadPhone
    return number


def masked(phone: str) -> str:
    """Return an E.164 number as it may be shown: 138****1234, +852****5678."""
    local = phone.removeprefix("+86")
    head = local[:3] if local != phone else phone[:4]
    return f"{head}****{phone[-4:]}"
