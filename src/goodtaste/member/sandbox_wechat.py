"""WeChat's login server as a sandbox: the real protocol, for people chosen at will.

`POST /codes` stands in for `wx.login` on a phone: it gives a login code for an openid.  `GET /sns/jscode2session` is WeChat's own: a
code is good once, for five minutes, with the right app id and secret.
"""

from __future__ import annotations

import base64
import os
import secrets
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel.context import Process
from goodtaste.kernel.db import GuardBroken, Moment, Read, Steps, Str, change, insert, par, script
from goodtaste.kernel.input import Input, Name
from goodtaste.kernel.sandbox import Answer, Call, Sandbox
from goodtaste.member.tables import sandbox_code

CODE_TTL = timedelta(minutes=5)
RATE_A_MINUTE = 100  # logins of one person


class Mint(Input, frozen=True):
    """Whom a code is to stand for, and what is to go wrong with it: WeChat blocks the person, is busy, or its answer is lost."""

    openid: Name
    unionid: Name | None = None
    fault: Literal["none", "blocked", "busy", "lost"] = "none"


class _Code(msgspec.Struct, frozen=True):
    code: str
    openid: str
    unionid: str | None
    fault: str
    expires_at: datetime
    used_at: datetime | None


class _Count(msgspec.Struct, frozen=True):
    n: int


MINT = insert(sandbox_code)
CODE = Read(select(*sandbox_code.c).where(sandbox_code.c.code == par("code", Str)), _Code)
LOGINS = Read(
    select(func.count().label("n")).where(
        sandbox_code.c.openid == par("openid", Str), sandbox_code.c.used_at > par("since", Moment)
    ),
    _Count,
)
USE = change(
    update(sandbox_code)
    .where(sandbox_code.c.code == par("code", Str), sandbox_code.c.used_at.is_(None))
    .values(used_at=par("at", Moment)),
    guard="member_sandbox_code_used",
)


@script
def mint(asked: Mint, *, code: str, at: datetime) -> Steps[None]:
    """Make a login code."""
    yield [
        MINT(
            code=code,
            openid=asked.openid,
            unionid=asked.unionid,
            fault=asked.fault,
            expires_at=at + CODE_TTL,
            used_at=None,
        )
    ]


@script
def exchange(code: str, *, at: datetime) -> Steps[_Code | int]:
    """Return what a code stands for and use it up, or WeChat's error number."""
    [codes] = yield [CODE(code=code)]
    if not codes or codes[0].expires_at <= at:
        return 40029
    found: _Code = codes[0]
    if found.used_at is not None:
        return 40163
    [[logins]] = yield [LOGINS(openid=found.openid, since=at - timedelta(minutes=1))]
    if logins.n >= RATE_A_MINUTE:
        return 45011
    if found.fault in ("blocked", "busy"):
        return 40226 if found.fault == "blocked" else -1
    try:
        yield [USE(code=code, at=at)]
    except GuardBroken:
        return 40163
    return found


_SAID = {
    -1: "system error",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    41008: "missing code",
    45011: "api minute-quota reach limit  mustslower  retry next minute",
}


def _error(errcode: int) -> Answer:
    return 200, {"errcode": errcode, "errmsg": f"{_SAID[errcode]}, rid: {secrets.token_hex(4)}"}


def _faults(query: dict[str, str], process: Process) -> int:
    settings = process.settings
    if query.get("appid") != settings.wechat_app_id:
        return 40013
    if query.get("secret") != settings.wechat_app_secret:
        return 40125
    if query.get("grant_type") != "authorization_code":
        return 40002
    return 0 if query.get("js_code") else 41008


def sandbox(process: Process) -> Sandbox:
    """Return the sandbox on the database of `process`."""

    async def codes(call: Call) -> Answer:
        try:
            asked = msgspec.json.decode(call.body, type=Mint)
        except msgspec.MsgspecError as error:
            return 400, {"error": str(error)}
        code = f"0{secrets.token_urlsafe(24)}"
        await process.db.run(mint(asked, code=code, at=process.clock()))
        return 201, {"code": code, "expires_in": int(CODE_TTL.total_seconds())}

    async def jscode2session(call: Call) -> Answer:
        fault = _faults(call.query, process)
        if fault:
            return _error(fault)
        found = await process.db.run(exchange(call.query["js_code"], at=process.clock()))
        if isinstance(found, int):
            return _error(found)
        if found.fault == "lost":
            return 502, b""
        answer = {"openid": found.openid, "session_key": base64.b64encode(os.urandom(16)).decode()}
        return 200, answer | ({"unionid": found.unionid} if found.unionid else {})

    return Sandbox({("POST", "/codes"): codes, ("GET", "/sns/jscode2session"): jscode2session})
