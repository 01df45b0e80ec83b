"""A printer as a TCP server: it takes what a real one takes, answers what a real one answers, and has a real one's troubles.

Tests print on it, `goodtaste printers sandbox` puts one on a desk that has none, with pictures as its slips, and the stores of a
demonstration print on printers that stand inside of the house.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable
from typing import Literal

from goodtaste.floor.printing import tspl
from goodtaste.floor.printing.emulator import Asked, Code, Done, Printed, Printer, WasCut

REAL_TIME = re.compile(rb"\x10\x04[\x01-\x04]")
Speaks = Literal["id", "status", "nothing"]
INSIDE, LABEL = ".sandbox", "label."


class SandboxPrinter:
    """The printer.  Its troubles are its attributes, to be set while it runs.

    `paper`: lines until it is out of paper, None without end; `cover_open`; `speaks`: whether it knows process ids, only the paper status,
    or says nothing at all; `hangs_up_after`: bytes of a connection after which the line breaks; `loses_answer`: it prints, and then the
    line breaks.
    """

    def __init__(self, *, label: bool = False, on_slip: Callable[[list[Done]], None] | None = None) -> None:
        self.label, self._on_slip = label, on_slip
        self.done: list[Done] = []
        self.labels = b""
        self.paper: int | None = None
        self.cover_open = self.loses_answer = False
        self.speaks: Speaks = "id"
        self.hangs_up_after: int | None = None
        self.received = 0
        self._printer, self._buffer = Printer(), list[Done]()
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def slips(self) -> list[list[Done]]:
        """What it printed, cut into slips; the last one may still hang in it."""
        slips: list[list[Done]] = [[]]
        for each in self.done:
            if isinstance(each, WasCut):
                slips.append([])
            else:
                slips[-1].append(each)
        return [each for each in slips if any(isinstance(part, Printed | Code) for part in each)]

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def listen(self, host: str, port: int) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self.talk, host, port)

    async def unplug(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
            self._hang_up()
            self._server = None

    def load_paper(self, lines: int | None = None) -> None:
        """Put paper in: it prints on where it stopped."""
        self.paper = lines
        self._print()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what comes over a connection, and answer, until either hangs up."""
        self._writer, self.received = writer, 0
        self._printer = Printer()
        with contextlib.suppress(OSError):
            while data := await reader.read(512):
                left = len(data) if self.hangs_up_after is None else self.hangs_up_after - self.received
                self._take(data[:left])
                self.received += len(data[:left])
                if self.hangs_up_after is not None and self.received >= self.hangs_up_after:
                    break
                await writer.drain()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _say(self, data: bytes) -> None:
        if self._writer is not None and self.speaks != "nothing":
            self._writer.write(data)

    def _take(self, data: bytes) -> None:
        if self.label:
            self._take_label(data)
            return
        for question in REAL_TIME.findall(data):
            self._say(bytes([self._status(question[2])]))
        self._buffer += self._printer.take(REAL_TIME.sub(b"", data))
        self._print()

    def _take_label(self, data: bytes) -> None:
        questions = data.count(tspl.STATUS)
        self.labels += data.replace(tspl.STATUS, b"")
        state = 0x04 if self.paper == 0 else 0x01 if self.cover_open else tspl.READY
        self._say(bytes([state]) * questions)

    def _status(self, n: int) -> int:
        out = self.paper == 0
        if n == 1:
            return 0x12 | (0x08 if out or self.cover_open else 0)
        if n == 2:
            return 0x12 | (0x20 if out else 0) | (0x04 if self.cover_open else 0)
        return 0x12 | (0x60 if out and n == 4 else 0)

    def _print(self) -> None:
        """Print what waits, for as long as there is paper and the cover is shut."""
        while self._buffer and self.paper != 0 and not self.cover_open:
            each = self._buffer.pop(0)
            if isinstance(each, Asked):
                self._answer(each)
                continue
            self.done.append(each)
            if self.paper is not None and isinstance(each, Printed):
                self.paper -= 1
            if isinstance(each, WasCut) and self._on_slip is not None:
                self._on_slip(self.slips[-1])

    def _answer(self, asked: Asked) -> None:
        if self.loses_answer:
            self._hang_up()
        elif asked.what == "paper":
            self._say(b"\x00")
        elif self.speaks == "id":
            self._say(b"\x37\x22" + asked.id.encode() + b"\x00")


class PrintersInside:
    """The printers of a demonstration: what is at `*.sandbox` prints without fault, and keeps nothing; at `label.*` it prints labels."""

    def __init__(self) -> None:
        self._talks = set[asyncio.Task[None]]()

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection to a printer of the network, or to one that stands inside of the house."""
        if not host.endswith(INSIDE):
            return await asyncio.open_connection(host, port)
        ours, theirs = socket.socketpair()
        printer = SandboxPrinter(label=host.startswith(LABEL))
        talk = asyncio.create_task(printer.talk(*await asyncio.open_connection(sock=theirs)))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)
        return await asyncio.open_connection(sock=ours)
