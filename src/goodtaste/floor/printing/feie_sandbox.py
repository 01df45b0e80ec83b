"""Feie's cloud as a sandbox: it checks who calls, takes jobs, and prints them, or does not.

A serial number that begins with OFF is switched off, with STUCK takes jobs and prints none, with SLOW prints after a few questions, with
LOST loses its answer to a job that it took.  `GET /prints` shows the newest.  What it printed it tells to whom the job named, signed, until
that is heard.  Its books are in memory.
"""

from __future__ import annotations

import asyncio
import hmac
from functools import cached_property
from itertools import count
from urllib.parse import urlencode

import httpx
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from goodtaste.floor.printing.feie import CONTENT_MAX, Said, signature
from goodtaste.floor.printing.feie_notices import HEARD, PRINTED, text_of
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.rsa import sign
from goodtaste.kernel.sandbox import Answer, Call, Sandbox

SKEW_S = 600
KEPT_MAX = 1_000
SHOWN_MAX = 20
SLOW = 3  # questions after which it prints
TELLS_MAX = 5  # times
TURN_S = 1.0
FINE, NOT_FINE, OFF = "在线，工作状态正常。", "在线，工作状态不正常。", "离线。"


log = structlog.get_logger()


class Taken(msgspec.Struct):
    """A job that the cloud took."""

    number: str
    serial: str
    content: str
    printed: bool = False
    asked: int = 0
    backurl: str = ""
    tells: int = 0


class FeieSandbox(Sandbox):
    """The cloud.  `away` are serial numbers that are switched off, `stuck` those that print nothing."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.taken: dict[str, Taken] = {}
        self.away, self.stuck = set[str](), set[str]()
        self._settings, self._clock, self._numbers = settings, clock, count(1)
        self.client = httpx.AsyncClient()
        super().__init__({("POST", "/Api/Open"): self._open, ("GET", "/prints"): self._shown})

    @cached_property
    def key(self) -> RSAPrivateKey:
        """What it tells is signed with this."""
        return generate_private_key(65_537, 2_048)

    def notice(self, number: str, *, status: str = PRINTED, stamp: int | None = None) -> bytes:
        """Return what it tells of a job, signed."""
        seconds = int(self._clock().timestamp()) if stamp is None else stamp
        fields = {"orderId": number, "status": status, "stime": str(seconds)}
        return urlencode(fields | {"sign": sign(self.key, text_of(fields))}).encode()

    async def run(self) -> None:
        """Tell what was printed, until cancelled."""
        while True:
            await self.tell()
            await asyncio.sleep(TURN_S)

    async def tell(self) -> None:
        """Tell what was printed to who wants to hear it and has not yet."""
        for each in [each for each in self.taken.values() if each.printed and each.backurl and each.tells < TELLS_MAX]:
            each.tells += 1
            form = {"content-type": "application/x-www-form-urlencoded"}
            try:
                reply = await self.client.post(each.backurl, content=self.notice(each.number), headers=form)
                heard = reply.content == HEARD
            except httpx.HTTPError as error:
                log.warning("feie_notice_not_delivered", error=repr(error))
                heard = False
            each.tells = TELLS_MAX if heard else each.tells

    async def aclose(self) -> None:
        """Give the connections back."""
        await self.client.aclose()

    async def _shown(self, call: Call) -> Answer:
        return 200, list(self.taken.values())[-SHOWN_MAX:][::-1]

    async def _open(self, call: Call) -> Answer:
        form = call.form
        fault = self._fault(form)
        if fault:
            return 200, Said(-2, fault)
        serial = form.get("sn", "")
        match form["apiname"]:
            case "Open_printMsg":
                return self._print(serial, form)
            case "Open_queryOrderState":
                return 200, self._state(form.get("orderid", ""))
            case "Open_queryPrinterStatus":
                return 200, Said(0, "ok", self._status(serial))
            case "Open_delPrinterSqs":
                for number in [
                    each.number for each in self.taken.values() if each.serial == serial and not each.printed
                ]:
                    del self.taken[number]
                return 200, Said(0, "ok", True)
        return 200, Said(-1, "unknown apiname")

    def _fault(self, form: dict[str, str]) -> str:
        user, stamp = self._settings.feie_user or "sandbox", form.get("stime", "")
        wanted = signature(user, self._settings.feie_key, stamp)
        if form.get("user") != user or not hmac.compare_digest(wanted.encode(), form.get("sig", "").encode()):
            return "signature"
        if not stamp.isdigit() or abs(self._clock().timestamp() - int(stamp)) > SKEW_S:
            return "stime"
        return ""

    def _print(self, serial: str, form: dict[str, str]) -> Answer:
        content = form.get("content", "")
        if not content or len(content.encode()) > CONTENT_MAX:
            return 200, Said(-2, "content")
        if len(self.taken) >= KEPT_MAX:
            del self.taken[next(iter(self.taken))]
        number = f"{serial}_{int(self._clock().timestamp())}_{next(self._numbers)}"
        prints = not serial.startswith(("STUCK", "SLOW")) and self._status(serial) == FINE
        self.taken[number] = Taken(number, serial, content, printed=prints, backurl=form.get("backurl", ""))
        if serial.startswith("LOST"):
            return 502, {"error": "lost"}
        return 200, Said(0, "ok", number)

    def _state(self, number: str) -> Said:
        found = self.taken.get(number)
        if found is None:
            return Said(0, "ok", False)
        found.asked += 1
        ready = not found.serial.startswith("STUCK") and found.asked >= SLOW
        if not found.printed and ready and self._status(found.serial) == FINE:
            found.printed = True
        return Said(0, "ok", found.printed)

    def _status(self, serial: str) -> str:
        if serial.startswith("OFF") or serial in self.away:
            return OFF
        return NOT_FINE if serial in self.stuck else FINE


def printed(cloud: FeieSandbox, serial: str) -> list[str]:
    """Return what a printer of the cloud printed."""
    return [each.content for each in cloud.taken.values() if each.serial == serial and each.printed]
