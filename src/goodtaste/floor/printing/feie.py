"""Cloud printers of Feie (飞鹅): a signed call takes the job, and the cloud is asked until it says that it was printed.

Taking a job is not printing it, and the cloud knows no number of ours: a call that is not answered may have been taken, so it is not
made again.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from goodtaste.floor.printing.carry import Taken
from goodtaste.floor.printing.escpos import COLUMNS
from goodtaste.floor.printing.paper import Cut, Document, Drawer, Feed, Laid, Qr, lay_out
from goodtaste.floor.printing.transport import Confirmed, Delivered, Hold, Lost, NotSent, Refused, to_print
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.key_files import loaded, texts
from goodtaste.kernel.rsa import public_keys

PLACE = "/sandbox/feie"
INSIDE = "http://feie.sandbox"
REAL_URL = "https://api.feieyun.cn"
PATH = "/Api/Open/"
NOTICES = "/v1/printers/feie/notices"
CONTENT_MAX = 5_000  # bytes
CONNECT_S, TOTAL_S = 3.0, 10.0
LOOK_S = 2.0  # between two questions whether it is printed
PRINTED_S = 120.0  # then what the cloud still holds is taken back
WELL, AWAY = "正常", "离线"
_APART = str.maketrans({"<": "＜", ">": "＞"})  # what begins a tag, as characters that do not

log = structlog.get_logger()


class NoAnswer(Exception):
    """The cloud did not answer; what was asked may have been done."""


class Away(Exception):
    """The cloud was not reached: nothing was done."""


class Said(msgspec.Struct, frozen=True):
    """What the cloud answers: `ret` is 0 where it did what was asked."""

    ret: int
    msg: str = ""
    data: Any = None


def encode(document: Document, *, columns: int) -> str:
    """Return a document in the tags of Feie; what people wrote begins none."""
    return "".join(_block(each, columns) for each in document.blocks)


def _block(block: Any, columns: int) -> str:
    if isinstance(block, Qr):
        return f"<QR>{block.data.translate(_APART)}</QR><BR>"
    if isinstance(block, Feed):
        return "<BR>" * block.lines
    if isinstance(block, Cut):
        return "<CUT>"
    if isinstance(block, Drawer):
        return "<PLUGIN>"
    return "".join(_line(line) for line in lay_out(block, columns))


def _line(line: Laid) -> str:
    text = line.text.translate(_APART)
    if line.bold:
        text = f"<BOLD>{text}</BOLD>"
    if line.size == "big":
        return f"<CB>{text}</CB><BR>" if line.align == "center" else f"<B>{text}</B><BR>"
    if line.size == "tall":
        text = f"<L>{text}</L>"
    return {"center": f"<C>{text}</C><BR>", "right": f"<RIGHT>{text}</RIGHT>", "left": f"{text}<BR>"}[line.align]


def signature(user: str, key: str, stamp: str) -> str:
    """Return the signature of a call: SHA-1 of user, key and time."""
    return hashlib.sha1(f"{user}{key}{stamp}".encode(), usedforsecurity=False).hexdigest()


class Feie:
    """Carries jobs to cloud printers."""

    def __init__(
        self, settings: Settings, *, sandbox: Any, clock: Clock, look_s: float = LOOK_S, printed_s: float = PRINTED_S
    ) -> None:
        local = sandbox is not None and not settings.feie_url and not settings.feie_user
        self._user, self._key = settings.feie_user or "sandbox", settings.feie_key
        self._clock, self._look_s, self._printed_s = clock, look_s, printed_s
        self._public_key = None if local else _public_key(settings)
        self._sandbox = sandbox if local else None
        self._notices = f"{settings.public_url.rstrip('/')}{NOTICES}"
        self._http = httpx.AsyncClient(
            base_url=settings.feie_url or (INSIDE if local else REAL_URL),
            timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
            transport=httpx.ASGITransport(sandbox) if local else None,
        )

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    @property
    def public_key(self) -> RSAPublicKey | None:
        """The key by which the cloud signs what it tells; None: it is told to tell nothing."""
        return self._sandbox.key.public_key() if self._sandbox is not None else self._public_key

    async def deliver(self, taken: Taken, hold: Hold) -> Delivered:
        """Give a job to the cloud, and wait until it says that it was printed."""
        on = taken.printer
        content = encode(to_print(taken.job), columns=COLUMNS[on.paper_mm])
        if len(content.encode()) > CONTENT_MAX:
            return Refused("too_long")
        try:
            trouble = await self._trouble(on.address)
        except (NoAnswer, Away):
            return NotSent("silent")
        if trouble:
            return NotSent(trouble)
        try:
            told = {"backurl": self._notices} if self.public_key else {}
            said = await self._call("Open_printMsg", sn=on.address, content=content, times="1", **told)
        except Away:
            return NotSent("offline")
        except NoAnswer:
            return Lost("no_answer")
        if said.ret != 0 or not isinstance(said.data, str):
            log.error("feie_refuses", ret=said.ret, said=said.msg)
            return NotSent("refused")
        await hold(remote_id=said.data)
        return await self._until_printed(on.address, said.data, hold)

    async def resume(self, taken: Taken, hold: Hold) -> Delivered:
        """Ask on for a job that the cloud has taken; of one whose number was lost nobody knows."""
        if not taken.job.remote_id:
            return Lost("process_stopped")
        await hold()
        return await self._until_printed(taken.printer.address, taken.job.remote_id, hold)

    async def _until_printed(self, serial: str, number: str, hold: Hold) -> Delivered:
        left_s, trouble = self._printed_s, ""
        while left_s > 0:
            try:
                if await self._printed(number):
                    return Confirmed()
                trouble = await self._trouble(serial)
            except (NoAnswer, Away):
                trouble = "silent"
            await hold(why=trouble)
            await asyncio.sleep(self._look_s)
            left_s -= self._look_s
        try:
            await self._call("Open_delPrinterSqs", sn=serial)  # so that it does not come out when nobody waits for it
            if await self._printed(number):
                return Confirmed()
        except (NoAnswer, Away):
            return Lost("no_answer")
        return Lost(trouble or "not_printed")

    async def _printed(self, number: str) -> bool:
        said = await self._call("Open_queryOrderState", orderid=number)
        return said.ret == 0 and said.data is True

    async def _trouble(self, serial: str) -> str:
        said = await self._call("Open_queryPrinterStatus", sn=serial)
        state = str(said.data)
        if said.ret != 0:
            return "refused"
        if AWAY in state:
            return "offline"
        return "fault" if f"不{WELL}" in state or WELL not in state else ""

    async def _call(self, name: str, **fields: str) -> Said:
        stamp = str(int(self._clock().timestamp()))
        form = {
            "user": self._user,
            "stime": stamp,
            "sig": signature(self._user, self._key, stamp),
            "apiname": name,
            **fields,
        }
        try:
            async with asyncio.timeout(TOTAL_S):
                answer = await self._http.post(
                    PATH,
                    content=urlencode(form),
                    headers={"content-type": "application/x-www-form-urlencoded"},
                )
            return msgspec.json.decode(answer.content, type=Said)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Away from error
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as error:
            log.warning("feie_no_answer", call=name, error=type(error).__name__)
            raise NoAnswer from error


def _public_key(settings: Settings) -> RSAPublicKey | None:
    """Return Feie's key where the settings name it; raises `BadSettings`."""
    if not settings.feie_public_file:
        return None
    [pem] = texts(settings, "feie_public_file")
    keys = loaded(settings, "feie_public_file", lambda: public_keys(pem, key_id="feie"))
    return next(iter(keys.values()))
