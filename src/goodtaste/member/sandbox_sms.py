"""Aliyun's message service as a sandbox: it checks the signature, keeps Aliyun's limits, and shows what was sent to who plays with it.

`POST /` is Aliyun's own; `GET /messages?phone=…` shows the newest messages to a number.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import GuardBroken, Int, Moment, Read, Steps, Str, insert, par, rows, script
from goodtaste.member.sandbox import Answer, Call, Sandbox
from goodtaste.member.sms import API_VERSION, number, signature
from goodtaste.member.tables import sandbox_sms

CLOCK_SKEW = timedelta(minutes=15)
LIMITS = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 10))  # messages to one number
SHOWN_MAX = 20
_PHONE = re.compile(r"1[3-9][0-9]{9}|(?:852|853|886)[0-9]{8,9}")


class Message(msgspec.Struct, frozen=True):
    """A message that was sent."""

    phone: str
    sign_name: str
    template: str
    params: str
    out_id: str
    at: datetime


class _Counts(msgspec.Struct, frozen=True):
    minute: int
    hour: int
    day: int


def _since(name: str) -> Any:
    return (
        select(func.count())
        .where(sandbox_sms.c.phone == par("phone", Str), sandbox_sms.c.at > par(name, Moment))
        .scalar_subquery()
        .label(name)
    )


SEND = insert(sandbox_sms)
COUNTS = Read(select(_since("minute"), _since("hour"), _since("day")), _Counts)
SENT = Read(
    select(*[sandbox_sms.c[name] for name in Message.__struct_fields__])
    .where(sandbox_sms.c.phone == par("phone", Str))
    .order_by(sandbox_sms.c.at.desc())
    .limit(par("limit", Int)),
    Message,
)


@script
def send(params: dict[str, str], *, at: datetime) -> Steps[str]:
    """Send a message, or return the code of what stops it."""
    phone = params["PhoneNumbers"]
    spans = {name: at - span for name, (span, _) in zip(("minute", "hour", "day"), LIMITS, strict=True)}
    [[counts]] = yield [COUNTS(phone=phone, **spans)]
    if any(n >= limit for n, (_, limit) in zip(msgspec.structs.astuple(counts), LIMITS, strict=True)):
        return "isv.BUSINESS_LIMIT_CONTROL"
    try:
        yield [
            SEND(
                nonce=params["SignatureNonce"],
                phone=phone,
                sign_name=params["SignName"],
                template=params["TemplateCode"],
                params=params["TemplateParam"],
                out_id=params.get("OutId", ""),
                at=at,
            )
        ]
    except GuardBroken:
        return "SignatureNonceUsed"
    return "OK"


@script
def sent(phone: str) -> Steps[list[Message]]:
    """Return the newest messages to a number."""
    return (yield from rows(SENT(phone=phone, limit=SHOWN_MAX)))


_NEEDED = ("PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "SignatureNonce", "Timestamp", "Signature")


def _not_let_in(params: dict[str, str], settings: Settings, at: datetime) -> tuple[int, str] | None:
    """Tell what the gateway in front of the service does not accept, as status and code."""
    missing = [name for name in _NEEDED if not params.get(name)]
    if missing:
        return 400, f"Missing{missing[0]}"
    if params.get("AccessKeyId") != settings.sms_key_id:
        return 404, "InvalidAccessKeyId.NotFound"
    if (params.get("Action"), params.get("Version")) != ("SendSms", API_VERSION):
        return 404, "InvalidAction.NotFound"
    unsigned = {name: value for name, value in params.items() if name != "Signature"}
    wanted = signature(unsigned, method="POST", secret=settings.sms_key_secret)
    if not hmac.compare_digest(wanted.encode(), params["Signature"].encode()):
        return 400, "SignatureDoesNotMatch"
    try:
        stamp = datetime.strptime(params["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return 400, "InvalidTimeStamp.Format"
    return None if abs(at - stamp) <= CLOCK_SKEW else (400, "InvalidTimeStamp.Expired")


def _not_sent(params: dict[str, str], settings: Settings) -> str | None:
    """Tell why the service itself sends nothing, as its code."""
    if not _PHONE.fullmatch(params["PhoneNumbers"]):
        return "isv.MOBILE_NUMBER_ILLEGAL"
    if params["SignName"] != settings.sms_sign_name:
        return "isv.SMS_SIGNATURE_ILLEGAL"
    if params["TemplateCode"] != settings.sms_template:
        return "isv.SMS_TEMPLATE_ILLEGAL"
    return None


def _answer(code: str, status: int = 200) -> Answer:
    request_id = secrets.token_hex(16).upper()
    body = {"Code": code, "Message": "OK" if code == "OK" else code, "RequestId": request_id}
    return status, body | ({"BizId": str(secrets.randbits(60))} if code == "OK" else {})


def sandbox(process: Process) -> Sandbox:
    """Return the sandbox on the database of `process`."""

    async def send_sms(call: Call) -> Answer:
        params, at = call.form, process.clock()
        fault = _not_let_in(params, process.settings, at)
        if fault:
            return _answer(fault[1], fault[0])
        refused = _not_sent(params, process.settings)
        if refused:
            return _answer(refused)
        return _answer(await process.db.run(send(params, at=at)))

    async def messages(call: Call) -> Answer:
        return 200, await process.db.query(sent(number(call.query.get("phone", ""))))

    return Sandbox({("POST", "/"): send_sms, ("GET", "/messages"): messages})
