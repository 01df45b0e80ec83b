"""`goodtaste printers`: what is there, what waits, a test page, and a printer on a desk that has none."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
import time
from pathlib import Path

import msgspec
import pytest

from goodtaste.app import cli_words
from goodtaste.floor.printing import escpos, picture
from goodtaste.floor.printing.paper import Cut, Document, Text
from goodtaste.kernel.config import Settings
from goodtaste.kernel.ids import new_id
from tests.databases import unavailable
from tests.print_kit import a_job
from tests.shop_kit import open_floor
from tests.test_cli import Terminal


async def test_printers_and_jobs_are_listed_and_a_test_page_is_queued(
    blank: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_words.out, "_width", 240)
    async with open_floor(msgspec.structs.replace(blank, demo=True)) as floor:
        made = await a_job(floor)
        stores = {each["id"]: each for each in await floor.done("GET", "/v1/stores")}
        code = stores[floor.store.id]["code"]
    terminal = Terminal(blank)
    listed = await _typed(terminal, "printers", "list")
    assert "10.0.0.9:9100" in listed.replace("\n", "")
    assert "waits" in await _typed(terminal, "printers", "test", made["printer_id"])
    waiting = await _typed(terminal, "printers", "jobs", code, "--show", "waiting")
    assert waiting.count("queued") == 2
    assert await _typed(terminal, "printers", "jobs", code) != waiting
    for words in (("jobs", "nowhere"), ("test", new_id()), ("test", "x")):
        assert await _typed(terminal, "printers", *words, exit_code=1)


async def _typed(terminal: Terminal, *words: str, exit_code: int = 0) -> str:

    done = await asyncio.to_thread(terminal.type, *words)
    assert done.exit_code == exit_code, done.output
    return done.output


def test_a_sandbox_printer_makes_a_picture_of_each_slip(tmp_path: Path) -> None:
    try:
        picture.font_file()
    except picture.NoFont as error:
        unavailable(str(error))
    settings = Settings(data_dir=str(tmp_path))
    host = ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])
    typed: list[int] = []

    def be_a_printer() -> None:
        words = ("printers", "sandbox", "--host", host, "--folder", str(tmp_path / "slips"), "--slips", "1")
        typed.append(Terminal(settings).type(*words).exit_code)

    running = threading.Thread(target=be_a_printer)
    running.start()
    for _ in range(200):
        try:
            line = socket.create_connection((host, 9100), timeout=5)
            break
        except OSError:
            time.sleep(0.05)
    else:
        raise AssertionError("it never listened")
    with line:
        line.sendall(escpos.REAL_TIME["printer"])
        assert line.recv(1) == b"\x12"
        line.sendall(escpos.encode(Document((Text("你好"), Cut())), columns=48) + escpos.question(b"0001", by_id=True))
        assert line.recv(7) == b"\x37\x220001\x00"
    running.join(30)
    assert typed == [0]
    assert [each.name for each in (tmp_path / "slips").iterdir()] == ["0001.png"]


@pytest.mark.parametrize("host", ["192.0.2.1"])
def test_an_address_that_is_not_ours_is_told(tmp_path: Path, host: str) -> None:
    typed = Terminal(Settings(data_dir=str(tmp_path))).type(
        "printers", "sandbox", "--host", host, "--folder", str(tmp_path)
    )
    assert typed.exit_code == 1
    assert "192.0.2.1:9100" in typed.output
