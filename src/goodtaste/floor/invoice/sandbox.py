"""An issuer of electronic invoices as a sandbox: it checks who asks, issues each request once, and has its days.

A title that begins with 丢 loses its first answer after the invoice was issued, with 慢 it is pending until it is asked for twice, with
拒 it is rejected.  `GET /invoices` shows the newest.  Its books are in memory.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from goodtaste.floor.invoice.issuer import PLACE, SKEW_S, Ask, Said, signature
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.sandbox import Answer, Call, Sandbox

KEPT_MAX = 1_000
NONCES_MAX = 100_000
SHOWN_MAX = 20
SLOW = 2  # times that what is slow is asked for


class Refused(Exception):
    """Why the issuer does not listen."""


class InvoiceBooks:
    """What the sandbox has issued.  `down`: it answers nobody."""

    def __init__(self) -> None:
        self.asked: dict[str, Ask] = {}
        self.said: dict[str, Said] = {}
        self.looks: dict[str, int] = {}
        self.nonces: set[str] = set()
        self.down = False

    def fault_of(self, call: Call, path: str, settings: Settings, at: datetime) -> str:
        """Return why a request is not listened to, empty where it is."""
        given = {name: call.query.get(name, "") for name in ("app", "ts", "nonce", "sign")}
        sign = signature(
            settings.invoice_secret,
            method=call.method,
            path=path,
            stamp=given["ts"],
            nonce=given["nonce"],
            body=call.body,
        )
        if given["app"] != settings.invoice_app or not hmac.compare_digest(sign.encode(), given["sign"].encode()):
            return "BAD_SIGNATURE"
        if not given["ts"].isdigit() or abs(at.timestamp() - int(given["ts"])) > SKEW_S:
            return "STALE"
        if given["nonce"] in self.nonces:
            return "REPLAYED"
        if len(self.nonces) >= NONCES_MAX:
            self.nonces.clear()
        self.nonces.add(given["nonce"])
        return ""

    def issue(self, asked: Ask) -> Said:
        """Issue an invoice, once for its number; refuses another content, and to take back more than was issued."""
        before = self.asked.get(asked.request_no)
        if before is not None:
            if before != asked:
                raise Refused("REQUEST_NO_USED")
            return self.look(asked.request_no)
        if len(self.asked) >= KEPT_MAX:
            oldest = next(iter(self.asked))
            del self.asked[oldest], self.said[oldest]
        self.asked[asked.request_no] = asked
        why = self._fault(asked)
        number = f"26{len(self.said) + 1:018d}"
        url = f"{PLACE}/files/{number}"
        said = Said("issued", asked.request_no, number, asked.amount_fen, url)
        self.said[asked.request_no] = Said("rejected", asked.request_no, why=why) if why else said
        return self.look(asked.request_no)

    def _fault(self, asked: Ask) -> str:
        if asked.title.startswith("拒"):
            return "TITLE_NOT_FOUND"
        if asked.red_of:
            blue = next((said for said in self.said.values() if said.number == asked.red_of), None)
            back = sum(
                each.amount_fen
                for no, each in self.asked.items()
                if each.red_of == asked.red_of and no != asked.request_no
            )
            if blue is None or back + asked.amount_fen > blue.amount_fen:
                return "RED_TOO_MUCH"
        return ""

    def look(self, request_no: str) -> Said:
        """Say what became of a request."""
        if request_no not in self.said:
            return Said("absent", request_no)
        self.looks[request_no] = self.looks.get(request_no, 0) + 1
        slow = self.asked[request_no].title.startswith("慢") and self.looks[request_no] <= SLOW
        return Said("pending", request_no) if slow else self.said[request_no]


class InvoiceSandbox(Sandbox):
    """The issuer, with its books."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.books, self._settings, self._clock = InvoiceBooks(), settings, clock
        routes = {
            ("POST", "/v1/invoices"): self._issue,
            ("GET", "/v1/invoices/*"): self._query,
            ("GET", "/invoices"): self._shown,
        }
        super().__init__(routes)

    def _answered(self, call: Call, path: str, work: Callable[[], Said]) -> Answer:
        fault = self.books.fault_of(call, path, self._settings, self._clock())
        if fault or self.books.down:
            return (401, {"error": fault}) if fault else (503, {"error": "DOWN"})
        try:
            return 200, work()
        except Refused as refused:
            return 409, {"error": str(refused)}

    async def _issue(self, call: Call) -> Answer:
        def work() -> Said:
            asked = msgspec.json.decode(call.body, type=Ask)
            lost = asked.title.startswith("丢") and asked.request_no not in self.books.asked
            said = self.books.issue(asked)
            if lost:
                raise Refused("LOST")
            return said

        return self._answered(call, "/v1/invoices", work)

    async def _query(self, call: Call) -> Answer:
        request_no = call.path.rpartition("/")[2]
        return self._answered(call, f"/v1/invoices/{request_no}", lambda: self.books.look(request_no))

    async def _shown(self, call: Call) -> Answer:
        newest: list[Any] = list(self.books.said.values())[-SHOWN_MAX:]
        return 200, newest[::-1]
