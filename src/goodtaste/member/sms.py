"""Text messages by Aliyun: SendSms and QuerySendDetails with the RPC signature, version 1."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal
from urllib.parse import quote, urlencode

import httpx
import msgspec
import structlog

from goodtaste.kernel.config import Settings
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id

REAL_URL = "https://dysmsapi.aliyuncs.com"
SANDBOX_URL = "http://sms.sandbox"
CONNECT_S, TOTAL_S = 3.0, 8.0
API_VERSION = "2017-05-25"
BEIJING = timezone(timedelta(hours=8))  # Aliyun writes its days and times so
FAILED, DELIVERED = 2, 3  # SendStatus; 1 waits for the carrier

log = structlog.get_logger()


class SmsLimit(Refusal):
    """Raised when the carrier or Aliyun sends no more messages to this number for now."""

    code = "member.sms_limit"
    status = 429


class SmsUnreachable(Refusal):
    """Raised when Aliyun says that no message can be sent to this number."""

    code = "member.sms_unreachable"
    status = 422


class SmsNoAnswer(Refusal):
    """Raised when Aliyun did not answer; the message may be on its way."""

    code = "member.sms_no_answer"
    status = 503


class SmsNotSetUp(Refusal):
    """Raised when Aliyun does not accept key, signature, template or account of this deployment.  Facts: `reason`."""

    code = "member.sms_not_set_up"
    status = 502


_REFUSALS: dict[str, type[Refusal]] = {
    "isv.BUSINESS_LIMIT_CONTROL": SmsLimit,
    "isv.DAY_LIMIT_CONTROL": SmsLimit,
    "isv.MOBILE_NUMBER_ILLEGAL": SmsUnreachable,
    "isv.MOBILE_COUNT_OVER_LIMIT": SmsUnreachable,
    "isv.BLACK_KEY_CONTROL_LIMIT": SmsUnreachable,
    "isp.SYSTEM_ERROR": SmsNoAnswer,
    "isp.RAM_PERMISSION_DENY": SmsNotSetUp,
}


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def signature(params: Mapping[str, str], *, method: str, secret: str) -> str:
    """Return the RPC signature of a call: HMAC-SHA-1 under `secret` + `&` of method, path and the sorted parameters, in base64."""
    query = "&".join(f"{_encoded(name)}={_encoded(params[name])}" for name in sorted(params))
    text = f"{method}&{_encoded('/')}&{_encoded(query)}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()


def number(phone: str) -> str:
    """Return an E.164 number as Aliyun wants it: a Chinese one without its country, others without the plus."""
    return phone.removeprefix("+86").removeprefix("+")


class Receipt(msgspec.Struct, frozen=True):
    """What the carrier says of a message: `waiting`, `delivered` (and when), or `failed`."""

    state: Literal["waiting", "delivered", "failed"]
    at: datetime | None = None


class _Detail(msgspec.Struct, frozen=True, rename="pascal"):
    send_status: int
    receive_date: str = ""
    out_id: str = ""


class _Details(msgspec.Struct, frozen=True):
    rows: list[_Detail] = msgspec.field(name="SmsSendDetailDTO", default_factory=list)


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    code: str
    message: str = ""
    biz_id: str = ""
    details: _Details = msgspec.field(name="SmsSendDetailDTOs", default_factory=_Details)


class Sms:
    """Sends text messages, and asks whether they were delivered."""

    def __init__(self, settings: Settings, *, sandbox: Any = None, total_s: float = TOTAL_S) -> None:
        self._total_s = total_s
        local = sandbox is not None and not settings.sms_url
        self._settings = settings
        self._http = httpx.AsyncClient(
            base_url=settings.sms_url or (SANDBOX_URL if local else REAL_URL),
            timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
            transport=httpx.ASGITransport(sandbox) if local else None,
        )

    async def send_code(self, phone: str, code: str, *, out_id: str, at: datetime) -> None:
        """Send a one-time code to an E.164 number.  Refuses what `_REFUSALS` say; after `SmsNoAnswer` it may have been sent."""
        await self.send(phone, template=self._settings.sms_template, params={"code": code}, out_id=out_id, at=at)

    async def send(self, phone: str, *, template: str, params: Mapping[str, str], out_id: str, at: datetime) -> str:
        """Send a message of a registered template to an E.164 number; return Aliyun's number for it, with which a receipt is asked for.

        Refuses what `send_code` refuses.
        """
        said = await self._call(
            {
                "Action": "SendSms",
                "OutId": out_id,
                "PhoneNumbers": number(phone),
                "SignName": self._settings.sms_sign_name,
                "TemplateCode": template,
                "TemplateParam": msgspec.json.encode(params).decode(),
            },
            at=at,
        )
        return said.biz_id

    async def receipt(self, phone: str, *, biz_id: str, sent_at: datetime, at: datetime) -> Receipt:
        """Ask whether a message to an E.164 number was delivered.  Refuses what `send_code` refuses."""
        said = await self._call(
            {
                "Action": "QuerySendDetails",
                "BizId": biz_id,
                "CurrentPage": "1",
                "PageSize": "1",
                "PhoneNumber": number(phone),
                "SendDate": sent_at.astimezone(BEIJING).strftime("%Y%m%d"),
            },
            at=at,
        )
        if not said.details.rows:
            return Receipt("waiting")
        detail = said.details.rows[0]
        if detail.send_status != DELIVERED:
            return Receipt("failed" if detail.send_status == FAILED else "waiting")
        try:
            when = datetime.strptime(detail.receive_date, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        except ValueError as error:
            raise SmsNoAnswer from error
        return Receipt("delivered", when.astimezone(UTC))

    async def _call(self, asked: Mapping[str, str], *, at: datetime) -> _Answer:
        params = {
            **asked,
            "AccessKeyId": self._settings.sms_key_id,
            "Format": "JSON",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": new_id(),
            "SignatureVersion": "1.0",
            "Timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Version": API_VERSION,
        }
        params["Signature"] = signature(params, method="POST", secret=self._settings.sms_key_secret)
        try:
            async with asyncio.timeout(self._total_s):
                answer = await self._http.post(
                    "/",
                    content=urlencode(params),
                    headers={"content-type": "application/x-www-form-urlencoded"},
                )
            if answer.status_code >= 500:
                raise SmsNoAnswer
            said = msgspec.json.decode(answer.content, type=_Answer)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("sms_no_answer", error=type(error).__name__)
            raise SmsNoAnswer from error
        if said.code != "OK":
            raise _refusal(said.code)
        return said

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def _refusal(code: str) -> Refusal:
    known = _REFUSALS.get(code, SmsNotSetUp)
    if known is SmsNotSetUp:
        log.error("sms_not_set_up", reason=code)
        return SmsNotSetUp(reason=code)
    return known()
