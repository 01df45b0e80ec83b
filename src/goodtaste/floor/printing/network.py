"""Printers in the network of the store: TCP, the printer's questions and answers, one job on a connection.

A job is confirmed when the printer, after the last byte, says that it printed what came before: it returns the process id of GS ( H, or,
where it does not know that, the paper status of GS r, which it answers in its turn.  A label printer is asked whether it is ready.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from goodtaste.floor.printing import escpos, tspl
from goodtaste.floor.printing.carry import Taken
from goodtaste.floor.printing.printers import place
from goodtaste.floor.printing.transport import Confirmed, Delivered, Hold, Lost, NotSent, to_print

CONNECT_S = 3.0
STATUS_S = 2.0  # for an answer in real time
WRITE_S = 15.0  # a printer that is busy takes bytes slowly
QUIET_S = 1.0  # then it is asked what it waits for
ANSWER_S = 20.0  # for the last answer of a printer that has no trouble
TROUBLE_S = 900.0  # for paper to be put in, half-way through a job
ID_HEAD, ID_BYTES, ASB_BYTES = b"\x37\x22", 7, 4

_GONE = (OSError, EOFError, TimeoutError)

Connect = Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Answers:
    """What a printer says, taken apart: real-time status, process ids, paper status, and what it says unasked (ASB), which is skipped."""

    def __init__(self) -> None:
        self._bytes = b""

    def take(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Take bytes; give ("now", byte), ("id", four bytes) and ("paper", byte)."""
        self._bytes += data
        while self._bytes:
            first = self._bytes[0]
            kind, size = "junk", 1
            if ID_HEAD.startswith(self._bytes[:2]):
                kind, size = "id", ID_BYTES
            elif first & 0x93 == 0x10:
                kind, size = "asb", ASB_BYTES
            elif first & 0x93 == 0x12:
                kind = "now"
            elif first & 0x90 == 0:
                kind = "paper"
            if len(self._bytes) < size:
                return
            found, self._bytes = self._bytes[:size], self._bytes[size:]
            yield kind, found[2:6] if kind == "id" else found


class Talk:
    """A connection to a receipt printer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers, self._heard = Answers(), list[tuple[str, bytes]]()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        async with asyncio.timeout(WRITE_S):
            self._writer.write(data)
            await self._writer.drain()

    async def hear(self, within_s: float) -> tuple[str, bytes]:
        """Return what it says next; raises TimeoutError, or EOFError where it hung up."""
        async with asyncio.timeout(within_s):
            while not self._heard:
                data = await self._reader.read(64)
                if not data:
                    raise EOFError
                self._heard += self._answers.take(data)
        return self._heard.pop(0)

    async def byte(self, within_s: float) -> int:
        """Return the next byte it says, whatever it means; raises what `hear` raises."""
        async with asyncio.timeout(within_s):
            data = await self._reader.read(1)
        if not data:
            raise EOFError
        return data[0]

    async def trouble(self) -> tuple[str, list[tuple[str, bytes]]]:
        """Ask in real time what keeps it from printing; return that, empty where nothing does, and what else it said meanwhile."""
        bits, others = {}, list[tuple[str, bytes]]()
        for what, question in escpos.REAL_TIME.items():
            await self.send(question)
            kind, said = await self.hear(STATUS_S)
            while kind != "now":
                others.append((kind, said))
                kind, said = await self.hear(STATUS_S)
            bits[what] = said[0]
        if bits["paper"] & 0x60 or bits["offline"] & 0x20:
            return "paper_out", others
        if bits["offline"] & 0x04:
            return "cover_open", others
        if bits["offline"] & 0x40:
            return "fault", others
        return ("paused" if bits["printer"] & 0x08 else ""), others

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(*_GONE):
            async with asyncio.timeout(STATUS_S):
                await self._writer.wait_closed()


class _Patience:
    """How long a printer is waited for: long while it is in trouble that somebody may end, shortly when it is in none."""

    def __init__(self, answer_s: float, trouble_s: float) -> None:
        self._answer_s, self._trouble_s = answer_s, trouble_s
        self.left_s, self.trouble = answer_s, ""

    def waited(self, seconds: float, trouble: str) -> None:
        """Take note that so long was waited, and of what keeps it from printing."""
        if bool(trouble) != bool(self.trouble):
            self.left_s = self._trouble_s if trouble else self._answer_s
        self.trouble = trouble
        self.left_s -= seconds


class Network:
    """Carries jobs to receipt and label printers by TCP; `connect` takes host and port."""

    def __init__(
        self,
        *,
        connect: Connect = asyncio.open_connection,
        answer_s: float = ANSWER_S,
        trouble_s: float = TROUBLE_S,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._connect = connect
        self._answer_s, self._trouble_s, self._quiet_s = answer_s, trouble_s, quiet_s

    async def deliver(self, taken: Taken, hold: Hold) -> Delivered:
        """Carry a job to its printer; nothing is sent to one that is in trouble."""
        host, port = place(taken.printer.address)
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await self._connect(host, port)
        except _GONE:
            return NotSent("offline")
        talk = Talk(reader, writer)
        try:
            return await (
                self._label(talk, taken, hold) if taken.printer.kind == "tspl" else self._slip(talk, taken, hold)
            )
        finally:
            await talk.close()

    async def resume(self, taken: Taken, hold: Hold) -> Delivered:
        """Say that nobody knows: the printer keeps no record that could be asked for."""
        return Lost("process_stopped")

    async def _slip(self, talk: Talk, taken: Taken, hold: Hold) -> Delivered:
        try:
            trouble, _ = await talk.trouble()
        except _GONE:
            return NotSent("silent")
        if trouble:
            return NotSent(trouble)
        mark = _mark(taken)
        by_id = taken.printer.answers == "id"
        columns = escpos.COLUMNS[taken.printer.paper_mm]
        data = escpos.encode(to_print(taken.job), columns=columns) + escpos.question(mark, by_id=by_id)
        try:
            await talk.send(data)
            return await self._until_printed(talk, mark if by_id else None, hold)
        except _GONE:
            return Lost("connection_lost")

    async def _until_printed(self, talk: Talk, mark: bytes | None, hold: Hold) -> Delivered:
        """Wait for the last answer.  A printer in trouble keeps the job and prints on when that is over: so long it is waited for."""
        patience = _Patience(self._answer_s, self._trouble_s)
        while patience.left_s > 0:
            try:
                heard = [await talk.hear(self._quiet_s)]
            except TimeoutError:
                trouble, heard = await talk.trouble()
                patience.waited(self._quiet_s, trouble)
                await hold(why=trouble)
            for kind, answer in heard:
                if mark is not None and kind == "id" and answer == mark:
                    return Confirmed()
                if mark is None and kind == "paper":
                    return Lost("paper_out") if answer[0] & 0x0C else Confirmed()
        return Lost(patience.trouble or "no_answer")

    async def _label(self, talk: Talk, taken: Taken, hold: Hold) -> Delivered:
        try:
            trouble = await self._label_state(talk)
        except _GONE:
            return NotSent("silent")
        if trouble not in ("", "busy"):
            return NotSent(trouble)
        try:
            await talk.send(tspl.encode(to_print(taken.job)))
            patience = _Patience(self._answer_s, self._trouble_s)
            while patience.left_s > 0:
                await asyncio.sleep(self._quiet_s)
                trouble = await self._label_state(talk)
                if not trouble:
                    return Confirmed()
                patience.waited(self._quiet_s, "" if trouble == "busy" else trouble)
                await hold(why=patience.trouble)
        except _GONE:
            return Lost("connection_lost")
        return Lost(patience.trouble or "no_answer")

    async def _label_state(self, talk: Talk) -> str:
        """Return what keeps a label printer from being ready: `busy` while it prints."""
        await talk.send(tspl.STATUS)
        state = await talk.byte(STATUS_S)
        faults = [name for bit, name in tspl.FAULTS.items() if state & bit]
        return faults[0] if faults else "busy" if state & tspl.PRINTING else "" if state == tspl.READY else "fault"


def _mark(taken: Taken) -> bytes:
    """Return the process id of a job: four printable bytes that another job on this printer does not have."""
    number = int(taken.job.id.replace("-", "")[-10:], 16) + taken.job.attempt
    return bytes(0x30 + (number >> shift & 0x3F) for shift in (0, 6, 12, 18))
