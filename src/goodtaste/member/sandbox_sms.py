"""Aliyun's message service as a sandbox: it checks the signature, keeps Aliyun's limits, and shows what was sent to who plays with it.

`POST /` is Aliyun's own; `GET /messages?phone=…` shows the newest messages to a number.  A message is delivered after two seconds, but for
numbers that begin with 1990 (it fails) and with 1991 (nobody ever hears what became of it).
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
from goodtaste.kernel.sandbox import Answer, Call, Sandbox
from goodtaste.member.sms import API_VERSION, BEIJING, DELIVERED, FAILED, number, signature
from goodtaste.member.tables import sandbox_sms

CLOCK_SKEW = timedelta(minutes=15)
LIMITS = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 10))  # messages to one number
SHOWN_MAX = 20
DELIVERED_AFTER = timedelta(seconds=2)
FAILS, SILENT, WAITING = "1990", "1991", 1
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


ONE = Read(
    select(*[sandbox_sms.c[name] for name in Message.__struct_fields__]).where(
        sandbox_sms.c.nonce == par("nonce", Str), sandbox_sms.c.phone == par("phone", Str)
    ),
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


_SEALED = ("SignatureNonce", "Timestamp", "Signature")
_NEEDED = {
    "SendSms": ("PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", *_SEALED),
    "QuerySendDetails": ("PhoneNumber", "BizId", "SendDate", "PageSize", "CurrentPage", *_SEALED),
}


def _not_let_in(params: dict[str, str], settings: Settings, at: datetime) -> tuple[int, str] | None:
    """Tell what the gateway in front of the service does not accept, as status and code."""
    missing = [name for name in _NEEDED.get(params.get("Action", ""), _SEALED) if not params.get(name)]
    if missing:
        return 400, f"Missing{missing[0]}"
    if params.get("AccessKeyId") != settings.sms_key_id:
        return 404, "InvalidAccessKeyId.NotFound"
    if params.get("Action") not in _NEEDED or params.get("Version") != API_VERSION:
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
    if params["TemplateCode"] not in (settings.sms_template, settings.sms_renewal_template):
        return "isv.SMS_TEMPLATE_ILLEGAL"
    return None


def _answer(code: str, status: int = 200, **more: Any) -> Answer:
    request_id = secrets.token_hex(16).upper()
    return status, {"Code": code, "Message": "OK" if code == "OK" else code, "RequestId": request_id, **more}


def _detail(found: Message, *, at: datetime) -> dict[str, Any]:
    """Return what the carrier says of a message at `at`."""
    arrives_at = found.at + DELIVERED_AFTER
    status = FAILED if found.phone.startswith(FAILS) else DELIVERED if at >= arrives_at else WAITING
    status = WAITING if found.phone.startswith(SILENT) else status
    received = arrives_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if status == DELIVERED else ""
    return {"SendStatus": status, "ReceiveDate": received, "OutId": found.out_id, "PhoneNum": found.phone}


def sandbox(process: Process) -> Sandbox:
    """Return the sandbox on the database of `process`."""

    async def send_sms(call: Call) -> Answer:
        params, at = call.form, process.clock()
        fault = _not_let_in(params, process.settings, at)
        if fault:
            return _answer(fault[1], fault[0])
        if params["Action"] == "QuerySendDetails":
            found = await process.db.first(ONE(nonce=params["BizId"], phone=params["PhoneNumber"]))
            details = [_detail(found, at=at)] if found else []
            return _answer("OK", SmsSendDetailDTOs={"SmsSendDetailDTO": details}, TotalCount=len(details))
        refused = _not_sent(params, process.settings)
        if refused:
            return _answer(refused)
        return _answer(await process.db.run(send(params, at=at)), BizId=params["SignatureNonce"])

    async def messages(call: Call) -> Answer:
        return 200, await process.db.query(sent(number(call.query.get("phone", ""))))

    return Sandbox({("POST", "/"): send_sms, ("GET", "/messages"): messages})
