"""Who issues invoices: the port, and an adapter of the sandbox's protocol over HTTP.

Every call bears the number of the request, which is the id of the invoice: sent again it changes nothing.  What was not answered is
`Unknown`, and is asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings

PLACE = "/sandbox/invoice"
INSIDE = "http://invoice.sandbox"
CONNECT_S, TOTAL_S = 3.0, 10.0
SKEW_S = 300
NONCE_BYTES = 16

log = structlog.get_logger()


class Ask(msgspec.Struct, frozen=True):
    """What is to be issued.  `red_of`: the number of the invoice that is taken back by so much, empty for one of a sale."""

    request_no: str
    seller_tax_no: str
    title: str
    tax_no: str
    email: str
    item: str
    amount_fen: int
    tax_bp: int
    red_of: str = ""


class Issued(msgspec.Struct, frozen=True):
    """It is issued: its number, its amount in fen, and where it can be fetched."""

    request_no: str
    number: str
    amount_fen: int
    url: str


class Rejected(msgspec.Struct, frozen=True):
    """It will not be issued like this; `why` is the issuer's word."""

    why: str


class Pending(msgspec.Struct, frozen=True):
    """It is being issued."""


class Absent(msgspec.Struct, frozen=True):
    """The issuer was never asked."""


class Unknown(msgspec.Struct, frozen=True):
    """Nobody knows: no answer, or none that can be read."""

    why: str


Outcome = Issued | Rejected | Pending | Absent | Unknown


class Issuer(Protocol):
    """Who issues invoices for the brand."""

    async def issue(self, asked: Ask) -> Outcome:
        """Have an invoice issued, or taken back in red; the same `request_no` again is the same invoice."""

    async def query(self, request_no: str) -> Outcome:
        """Ask what became of a request."""


class Said(msgspec.Struct, frozen=True):
    """What the issuer answers."""

    state: Literal["issued", "pending", "rejected", "absent"]
    request_no: str
    number: str = ""
    amount_fen: int = 0
    url: str = ""
    why: str = ""


def signature(secret: str, *, method: str, path: str, stamp: str, nonce: str, body: bytes) -> str:
    """Return the signature of a request: HMAC-SHA-256 in capitals."""
    text = "\n".join((method, path, stamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest().upper()


class HttpIssuer:
    """An issuer that speaks the protocol of the sandbox."""

    def __init__(self, http: httpx.AsyncClient, *, app: str, secret: str, clock: Clock) -> None:
        self._http, self._app, self._secret, self._clock = http, app, secret, clock

    async def issue(self, asked: Ask) -> Outcome:
        """Have an invoice issued."""
        said = await self._call("POST", "/v1/invoices", msgspec.json.encode(asked))
        if isinstance(said, Issued) and (said.request_no, said.amount_fen) != (asked.request_no, asked.amount_fen):
            return Unknown("another invoice was answered")
        return said

    async def query(self, request_no: str) -> Outcome:
        """Ask what became of a request."""
        said = await self._call("GET", f"/v1/invoices/{request_no}", b"")
        if isinstance(said, Issued) and said.request_no != request_no:
            return Unknown("another invoice was answered")
        return said

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, body: bytes) -> Outcome:
        stamp, nonce = str(int(self._clock().timestamp())), secrets.token_hex(NONCE_BYTES)
        sign = signature(self._secret, method=method, path=path, stamp=stamp, nonce=nonce, body=body)
        query = urlencode({"app": self._app, "ts": stamp, "nonce": nonce, "sign": sign})
        try:
            async with asyncio.timeout(TOTAL_S):
                answer = await self._http.request(method, f"{path}?{query}", content=body)
            said = msgspec.json.decode(answer.content, type=Said)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("issuer_no_answer", error=type(error).__name__)
            return Unknown(type(error).__name__)
        if said.state == "issued":
            return Issued(said.request_no, said.number, said.amount_fen, said.url)
        if said.state == "pending":
            return Pending()
        return Absent() if said.state == "absent" else Rejected(said.why)


class Invoices:
    """The issuer of this deployment, where there is one, and what it is told of the seller."""

    def __init__(self, settings: Settings, *, sandbox: Any, clock: Clock) -> None:
        self.issuer: Issuer | None = None
        self.seller_tax_no, self.tax_bp = settings.invoice_seller_tax_no, settings.invoice_tax_bp
        local = sandbox is not None and not settings.invoice_url
        self._http: httpx.AsyncClient | None = None
        if settings.invoice_url or local:
            self._http = httpx.AsyncClient(
                base_url=settings.invoice_url or INSIDE,
                timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
                transport=httpx.ASGITransport(sandbox) if local else None,
            )
            self.issuer = HttpIssuer(self._http, app=settings.invoice_app, secret=settings.invoice_secret, clock=clock)

    async def aclose(self) -> None:
        """Give the connections back."""
        if self._http is not None:
            await self._http.aclose()
