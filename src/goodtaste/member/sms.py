"""Text messages by Aliyun: SendSms with the RPC signature, version 1."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
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


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    code: str
    message: str = ""


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


class Sms:
    """Sends one-time codes."""

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
        settings = self._settings
        params = {
            "AccessKeyId": settings.sms_key_id,
            "Action": "SendSms",
            "Format": "JSON",
            "OutId": out_id,
            "PhoneNumbers": number(phone),
            "SignName": settings.sms_sign_name,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": new_id(),
            "SignatureVersion": "1.0",
            "TemplateCode": settings.sms_template,
            "TemplateParam": msgspec.json.encode({"code": code}).decode(),
            "Timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Version": API_VERSION,
        }
        params["Signature"] = signature(params, method="POST", secret=settings.sms_key_secret)
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

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def _refusal(code: str) -> Refusal:
    known = _REFUSALS.get(code, SmsNotSetUp)
    if known is SmsNotSetUp:
        log.error("sms_not_set_up", reason=code)
        return SmsNotSetUp(reason=code)
    return known()
