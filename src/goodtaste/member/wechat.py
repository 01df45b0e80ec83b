"""WeChat mini-program login: a thin client of `jscode2session`.

What goes wrong there is one of: the code is no good, WeChat will not now, WeChat blocks this person, our credentials are wrong, or no
answer came, in which case the code may be spent and a new one is needed.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import structlog

from goodtaste.kernel.config import Settings
from goodtaste.kernel.errors import Refusal

REAL_URL = "https://api.weixin.qq.com"
SANDBOX_URL = "http://wechat.sandbox"
CONNECT_S, TOTAL_S = 3.0, 8.0

log = structlog.get_logger()


class WechatCodeBad(Refusal):
    """Raised when WeChat does not know the login code, it is over five minutes old, or was used."""

    code = "member.wechat_code_bad"
    status = 401


class WechatBusy(Refusal):
    """Raised when WeChat asks to come back later, or limits how often this person signs in."""

    code = "member.wechat_busy"
    status = 503


class WechatBlocked(Refusal):
    """Raised when WeChat holds the person for a risk and blocks the login."""

    code = "member.wechat_blocked"
    status = 403


class WechatNoAnswer(Refusal):
    """Raised when WeChat did not answer, or not in a way that can be read; whether the code is spent is unknown."""

    code = "member.wechat_no_answer"
    status = 503


class WechatNotSetUp(Refusal):
    """Raised when WeChat does not accept the app id or secret of this deployment.  Facts: `errcode`."""

    code = "member.wechat_not_set_up"
    status = 502


_REFUSALS: dict[int, type[Refusal]] = {
    40029: WechatCodeBad,
    40163: WechatCodeBad,
    45011: WechatBusy,
    -1: WechatBusy,
    40226: WechatBlocked,
}


class Person(msgspec.Struct, frozen=True):
    """Whom WeChat vouches for.  `unionid` is known where the app is bound to an open-platform account."""

    openid: str
    unionid: str | None = None


class _Session(msgspec.Struct, frozen=True):
    """WeChat's answer; the session key in it is not read, so it goes nowhere."""

    openid: str = ""
    unionid: str | None = None
    errcode: int = 0


class Wechat:
    """Asks WeChat who a login code stands for."""

    def __init__(self, settings: Settings, *, sandbox: Any = None, total_s: float = TOTAL_S) -> None:
        self._total_s = total_s
        local = sandbox is not None and not settings.wechat_url
        self.app_id, self._secret = settings.wechat_app_id, settings.wechat_app_secret
        self._http = httpx.AsyncClient(
            base_url=settings.wechat_url or (SANDBOX_URL if local else REAL_URL),
            timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
            transport=httpx.ASGITransport(sandbox) if local else None,
        )

    async def person_of(self, code: str) -> Person:
        """Return whom a login code stands for; it is good for one call."""
        query = {
            "appid": self.app_id,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        try:
            async with asyncio.timeout(self._total_s):
                answer = await self._http.get("/sns/jscode2session", params=query)
            answer.raise_for_status()
            session = msgspec.json.decode(answer.content, type=_Session)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("wechat_no_answer", error=type(error).__name__)
            raise WechatNoAnswer from error
        if session.errcode:
            raise _refusal(session.errcode)
        if not session.openid:
            raise WechatNoAnswer
        return Person(session.openid, session.unionid or None)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def _refusal(errcode: int) -> Refusal:
    known = _REFUSALS.get(errcode)
    if known:
        return known()
    log.error("wechat_not_set_up", errcode=errcode)
    return WechatNotSetUp(errcode=errcode)
