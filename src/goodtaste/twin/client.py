"""The twin's way into a house: its public HTTP API, with one connection kept open for each diner, and nothing else."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import Any

import httpx
import msgspec

from goodtaste.kernel.sessions import ACCESS_TTL, TokenPair

REFRESH_AFTER_S = ACCESS_TTL.total_seconds() * 0.7
TIMEOUT_S = 30.0
_JSON = {"content-type": "application/json"}


class Refused(Exception):
    """The house said no in a way that the twin had reckoned with."""

    def __init__(self, code: str, facts: dict[str, Any]) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


class Unexpected(Exception):
    """The house answered what it must not have answered here.  The message has the request and the answer."""


class Who:
    """Somebody who is signed in on a device."""

    def __init__(self, tokens: dict[str, Any]) -> None:
        self.take(tokens)

    def take(self, tokens: dict[str, Any]) -> None:
        """Hold new tokens."""
        pair = msgspec.convert(tokens, TokenPair)
        self.headers = {"authorization": f"Bearer {pair.access_token}"}
        self.refresh_token, self.since = pair.refresh_token, monotonic()

    @property
    def is_old(self) -> bool:
        """Whether the access token is soon over."""
        return monotonic() - self.since > REFRESH_AFTER_S


class Api:
    """Calls to the house.  Counts them, and each refusal by its code; `unexpected` keeps those that nobody reckoned with."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.calls = 0
        self.refusals: Counter[str] = Counter()
        self.unexpected: list[str] = []

    async def get(self, path: str, who: Who | None = None, *, expect: tuple[str, ...] = (), **query: Any) -> Any:
        """Send a GET."""
        return await self._send("GET", path, None, who, expect, query)

    async def post(self, path: str, body: Any, who: Who | None = None, *, expect: tuple[str, ...] = ()) -> Any:
        """Send a POST."""
        return await self._send("POST", path, body, who, expect, {})

    async def put(self, path: str, body: Any, who: Who | None = None) -> Any:
        """Send a PUT."""
        return await self._send("PUT", path, body, who, (), {})

    async def delete(self, path: str, who: Who | None = None) -> Any:
        """Send a DELETE."""
        return await self._send("DELETE", path, None, who, (), {})

    async def form(self, path: str, fields: dict[str, str]) -> None:
        """Send a form, as a person's browser does."""
        self.calls += 1
        answer = await self._http.post(path, data=fields)
        if answer.status_code >= 400:
            raise self._wrong(f"POST {path} {fields}", answer)

    async def _send(
        self, method: str, path: str, body: Any, who: Who | None, expect: tuple[str, ...], query: dict[str, Any]
    ) -> Any:
        if who is not None and who.is_old:
            token, who.since = who.refresh_token, monotonic()  # of those who share the device one refreshes
            who.take(await self.post("/v1/sessions/refresh", {"refresh_token": token}))
        self.calls += 1
        content = None if body is None else msgspec.json.encode(body)
        headers = {**(_JSON if content else {}), **(who.headers if who else {})}
        answer = await self._http.request(method, path, content=content, headers=headers, params=query or None)
        if answer.status_code < 400:
            return msgspec.json.decode(answer.content) if answer.content else None
        problem = _problem(answer)
        self.refusals[problem["code"]] += 1
        if problem["code"] in expect:
            raise Refused(problem["code"], problem.get("facts", {}))
        raise self._wrong(f"{method} {path} {body}", answer)

    def _wrong(self, asked: str, answer: httpx.Response) -> Unexpected:
        told = f"{asked} -> {answer.status_code} {answer.text}"
        self.unexpected.append(told)
        return Unexpected(told)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        problem = {}
    return {"code": f"http.{answer.status_code}"} | problem
