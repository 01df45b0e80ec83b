"""The command line: what it does, and that each fault is a sentence with what to do."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from bench.postgres import free_port
from click.testing import CliRunner, Result

from goodtaste.app import migrate
from goodtaste.app.cli import main
from goodtaste.kernel import audit, clock
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.config import Settings, keyring_of
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.member import vault
from tests.databases import SECRET
from tests.processes import Run, run
from tests.shop import write


class Terminal:
    """A terminal in a folder of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.env = {
            "GOODTASTE_DATABASE": settings.database_url,
            "GOODTASTE_DATA_DIR": settings.data_dir,
            "GOODTASTE_SECRET_KEY": SECRET,
            "GOODTASTE_LANGUAGE": "en",
        }

    def type(self, *words: str, answer: str = "", **env: str) -> Result:
        """Type a command."""
        return CliRunner().invoke(main, words, input=answer, env=self.env | env, catch_exceptions=False)

    def run(self, *words: str) -> contextlib.AbstractContextManager[Run]:
        """Start a command that goes on."""
        return run(*words, env=self.env, folder=Path(self.settings.data_dir))

    def write(self, *changes: object) -> None:
        """Write changes into the database."""

        async def work() -> None:
            db = await open_database(self.settings)
            await db.run(write(*changes))  # type: ignore[arg-type]
            await db.close()

        asyncio.run(work())


@pytest.fixture
def terminal(blank: Settings) -> Terminal:
    """Give a terminal beside a database with nothing in its tables."""
    return Terminal(blank)


@pytest.fixture
def new_terminal(empty: Settings) -> Terminal:
    """Give a terminal beside a database that has no tables."""
    return Terminal(empty)


# Migrations


def test_migrate_goes_up_and_down(new_terminal: Terminal) -> None:
    up = new_terminal.type("migrate")
    assert up.exit_code == 0
    assert f"- → {migrate.newest()}" in up.output
    down = new_terminal.type("migrate", "--to", "base")
    assert f"{migrate.newest()} → -" in down.output
    unknown = new_terminal.type("migrate", "--to", "9999")
    assert (unknown.exit_code, "There is no revision 9999" in unknown.output) == (1, True)


def test_no_password_is_shown(terminal: Terminal) -> None:
    said = terminal.type("migrate", GOODTASTE_DATABASE="postgresql://shop:hush@127.0.0.1:9/shop")
    assert said.exit_code == 1
    assert "postgresql://shop:***@127.0.0.1:9/shop does not answer" in said.output
    assert "hush" not in said.output


# The books


def test_the_books_of_a_new_house_hold(terminal: Terminal) -> None:
    said = terminal.type("ledger")
    assert (said.exit_code, "proofs hold" in said.output) == (0, True)
    assert "FAULT" not in said.output


def test_a_forged_balance_is_found(terminal: Terminal) -> None:
    member = new_id()
    terminal.write(*ledger.open_accounts(member))
    forged = f"UPDATE ledger_account SET balance = 5 WHERE id = '{ledger.account_of(member, 'member')}'"
    _forge(terminal.settings, forged)
    said = terminal.type("ledger")
    assert (said.exit_code, "FAULT" in said.output) == (1, True)
    assert "L2" in said.output
    assert "of 2" not in said.output.splitlines()[0]


def test_what_is_owed_in_points_is_shown_and_agrees_with_the_journal(terminal: Terminal) -> None:
    terminal.type("migrate")
    member, today = new_id(), clock.now().date()
    cause = ledger.Cause(new_id(), member, "test", today, clock.now())
    terminal.write(*ledger.open_accounts(member))
    terminal.write(*ledger.grant(cause, 4_321, debt=0, expires_on=today.replace(year=2031)))
    said = terminal.type("ledger", "liability")
    assert (said.exit_code, "the journal says the same" in said.output) == (0, True)
    assert f"2031-{today:%m}" in said.output
    _forge(
        terminal.settings, f"UPDATE ledger_account SET balance = 5 WHERE id = '{ledger.account_of(member, 'member')}'"
    )
    said = terminal.type("ledger", "liability")
    assert (said.exit_code, "the journal says otherwise" in said.output) == (1, True)


def test_an_account_is_shown_to_who_knows_the_id(terminal: Terminal) -> None:
    member = new_id()
    assert "Nobody with the id" in terminal.type("ledger", "account", member).output
    terminal.write(*ledger.open_accounts(member))
    said = terminal.type("ledger", "account", member)
    assert (said.exit_code, "PT" in said.output, "GROWTH" in said.output) == (0, True, True)
    assert "is not an id" in terminal.type("ledger", "account", "13800138000").output


def test_an_old_database_is_told_to_be_migrated(new_terminal: Terminal) -> None:
    for command in ("ledger", "audit"):
        said = new_terminal.type(command)
        assert (said.exit_code, "Run `goodtaste migrate`" in said.output) == (1, True)


# The audit log


def test_the_audit_log_is_verified_and_shown(terminal: Terminal) -> None:
    for reason in ("first", "second"):
        terminal.write(audit.note(SYSTEM, "store.close", subject="store/1", at=clock.now(), reason=reason))
    said = terminal.type("audit")
    assert (said.exit_code, "holds: 2 rows" in said.output) == (0, True)
    assert said.output.index("second") < said.output.index("first")
    head = said.output.split("head ")[1][:64]
    assert terminal.type("audit", "--head", head).exit_code == 0
    assert terminal.type("audit", "--head", "0" * 64).exit_code == 1
    verified = terminal.type("audit", "verify", "--head", head)
    assert (verified.exit_code, "first" in verified.output) == (0, False)
    assert terminal.type("audit", "verify", "--head", "0" * 64).exit_code == 1


def test_an_altered_row_is_found(terminal: Terminal) -> None:
    terminal.write(audit.note(SYSTEM, "store.close", subject="store/1", at=clock.now(), reason="rain"))
    _forge(terminal.settings, "UPDATE kernel_audit SET reason = 'sun'")
    assert terminal.type("audit", "verify").exit_code == 1
    said = terminal.type("audit")
    assert (said.exit_code, "was altered" in said.output) == (1, True)


def _forge(settings: Settings, sql: str) -> None:
    """Change what the database itself forbids, as somebody with its keys could."""

    async def on_postgres() -> None:
        connection = await asyncpg.connect(settings.database_url)
        await connection.execute(f"SET session_replication_role = replica; {sql}")
        await connection.close()

    if settings.is_sqlite:
        db = migrate.sqlite.connect(settings.sqlite_path)
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(sql)
        db.close()
    else:
        asyncio.run(on_postgres())


# The doctor


def test_the_doctor_finds_a_well_house_well(terminal: Terminal) -> None:
    said = terminal.type("doctor")
    assert (said.exit_code, "Nothing needs mending" in said.output) == (0, True)
    assert "bad" not in said.output


def test_the_doctor_finds_what_is_broken(terminal: Terminal) -> None:
    said = terminal.type("doctor", GOODTASTE_BROKER="amqp://guest:hush@127.0.0.1:9/")
    assert (said.exit_code, "hush" in said.output) == (1, False)
    assert "127.0.0.1:9" in said.output
    said = terminal.type("doctor", GOODTASTE_PORT="x", GOODTASTE_LANGUAGE="zh-CN")
    assert (said.exit_code, "请填写 0 到 65535 的整数" in said.output.replace("\n", "")) == (1, True)


def test_settings_that_do_not_fit_stop_every_command(terminal: Terminal) -> None:
    for command in ("migrate", "ledger", "audit", "serve", "worker", "reset"):
        said = terminal.type(command, GOODTASTE_PORT="x")
        assert (said.exit_code, "GOODTASTE_PORT was 'x'" in said.output) == (1, True), command


# Reset


def test_reset_asks_and_deletes(tmp_path: Path) -> None:
    env = {"GOODTASTE_DATA_DIR": str(tmp_path / "var"), "GOODTASTE_LANGUAGE": "en"}

    def type_(*words: str, answer: str = "") -> Result:
        return CliRunner().invoke(main, words, input=answer, env=env)

    assert "There is nothing" in type_("reset").output
    type_("migrate")
    file = tmp_path / "var" / "goodtaste.db"
    assert type_("reset", answer="n\n").exit_code == 1
    assert file.exists()
    with open(f"{file}.leader", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Stop it first" in type_("reset", "--yes").output
    assert file.exists()
    assert type_("reset", answer="y\n").exit_code == 0
    assert list((tmp_path / "var").iterdir()) == []


def test_a_server_that_may_not_use_its_files_says_which(tmp_path: Path) -> None:
    def said(folder: Path) -> str:
        env = {"GOODTASTE_DATA_DIR": str(folder), "GOODTASTE_LANGUAGE": "en"}
        result = CliRunner().invoke(main, ["serve", "--port", "0"], env=env)
        assert (result.exit_code, result.exc_info and result.exc_info[0]) == (1, SystemExit)
        return result.output

    (tmp_path / "file").write_text("no folder")
    assert f"cannot use {tmp_path}/file/var: Not a directory" in said(tmp_path / "file" / "var")
    (tmp_path / "var" / "secret.key").mkdir(parents=True)
    assert f"cannot use {tmp_path}/var/secret.key: Is a directory" in said(tmp_path / "var")


def test_a_database_of_a_newer_version_or_without_its_secret_is_not_served(tmp_path: Path) -> None:
    env = {"GOODTASTE_DATA_DIR": str(tmp_path), "GOODTASTE_LANGUAGE": "en"}
    file = tmp_path / "goodtaste.db"

    def change(sql: str) -> None:
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute(sql)
            database.commit()

    def said() -> str:
        result = CliRunner().invoke(main, ["serve", "--port", "0"], env=env)
        assert (result.exit_code, result.exc_info and result.exc_info[0]) == (1, SystemExit)
        return result.output

    CliRunner().invoke(main, ["migrate"], env=env)
    change("UPDATE alembic_version SET version_num = '9999'")
    assert "a newer one made it" in said()
    change("INSERT INTO member_secret (member_id, wrapped_key) VALUES ('a', 'b')")
    assert f"{tmp_path}/secret.key is missing" in said()
    assert not (tmp_path / "secret.key").exists(), "no other is made in its place"


def test_a_database_begun_under_another_secret_is_not_served(blank: Settings) -> None:

    async def one_member() -> None:
        db = await open_database(blank)
        id_ = new_id()
        await db.execute(
            "INSERT INTO member_member (id, handle, status, nickname, avatar, gender, city, language, source, level, phone_masked,"
            f" joined_at, version) VALUES ('{id_}', 'h', 'active', '', '', '', '', 'zh-CN', '{{}}', 'silver', '',"
            " '2026-11-22T00:00:00.000000+00:00', 1)"
        )
        await db.execute(
            f"INSERT INTO member_secret (member_id, wrapped_key) VALUES ('{id_}', '{vault.new_key(keyring_of(blank))}')"
        )
        await db.close()

    asyncio.run(one_member())
    env = {
        "GOODTASTE_DATABASE": blank.database_url,
        "GOODTASTE_DATA_DIR": blank.data_dir,
        "GOODTASTE_LANGUAGE": "en",
        "GOODTASTE_SECRET_KEY": "TEST KEY, another one: 0123456789abcdef0123456789",
    }
    result = CliRunner().invoke(main, ["serve", "--port", "0"], env=env)
    assert (result.exit_code, "under another secret" in result.output) == (1, True), result.output


def test_the_command_line_speaks_the_language_of_the_settings_wherever_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "goodtaste.toml"
    file.write_text('language = "zh-CN"')
    env = {"GOODTASTE_DATA_DIR": str(tmp_path / "var"), "LC_ALL": "C", "GOODTASTE_LANGUAGE": None}

    def said(**more: str) -> str:
        return CliRunner().invoke(main, ["--config", str(file), "reset"], env=env | more).output

    assert "没有数据" in said()
    assert "There is nothing" in said(GOODTASTE_LANGUAGE="en"), "the environment is stronger than the file"


def test_reset_leaves_a_server_of_others_alone(terminal: Terminal) -> None:
    if not terminal.settings.is_sqlite:
        said = terminal.type("reset", "--yes")
        assert (said.exit_code, "nothing was deleted" in said.output) == (1, True)


# Serving


@pytest.fixture
def port() -> int:
    """Give a port that is free."""
    return free_port()


def _wait(url: str, server: Run, *, within_s: float = 80) -> httpx.Response:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and server.runs:
        try:
            return httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"no answer from {url}: {server.said}")


@pytest.fixture
def serving(terminal: Terminal, port: int) -> Iterator[tuple[Terminal, str]]:
    """Give a house that is served: with two workers on PostgreSQL."""
    many = [] if terminal.settings.is_sqlite else ["--workers", "2"]
    with terminal.run("serve", "--port", str(port), *many) as server:
        _wait(f"http://127.0.0.1:{port}/health/ready", server)
        yield terminal, f"http://127.0.0.1:{port}"
        server.ask_to_stop()
        server.ended()
    assert "goodtaste serves http://127.0.0.1" in server.said
    assert "Traceback" not in server.said


def _speaks_no_http(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(b"HELO goodtaste\r\n\r\n")
        head, _, body = b"".join(iter(lambda: line.recv(4_096), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "request.not_http"


def test_a_house_is_served_and_stops_when_asked(serving: tuple[Terminal, str]) -> None:
    terminal, url = serving
    assert httpx.get(f"{url}/v1/brand").status_code == 200
    assert httpx.head(f"{url}/v1/brand").status_code == 200
    assert httpx.options(f"{url}/v1/brand").status_code == 204
    _speaks_no_http(url)
    shown = httpx.get(f"{url}/metrics").text
    deadline = time.monotonic() + 60
    while "gt_leader 1.0" not in shown and time.monotonic() < deadline:
        time.sleep(0.1)
        shown = httpx.get(f"{url}/metrics").text
    assert "gt_leader 1.0" in shown
    if terminal.settings.is_sqlite:
        assert "Stop it first" in terminal.type("reset", "--yes").output
    taken = terminal.type("serve", "--port", url.rpartition(":")[2])
    why = "has one process" if terminal.settings.is_sqlite else "Cannot listen on"
    assert (taken.exit_code, why in taken.output) == (1, True)


def test_who_loses_the_lead_takes_it_again(serving: tuple[Terminal, str]) -> None:
    terminal, url = serving
    if terminal.settings.is_sqlite:
        return  # the lock on a file is lost with the process only

    async def leaders(end: bool) -> list[int]:
        connection = await asyncpg.connect(terminal.settings.database_url)
        held = (
            "FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 7305002"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        found = await connection.fetch(f"SELECT pid {held}")
        if end:
            await connection.fetch(f"SELECT pg_terminate_backend(pid) {held}")
        await connection.close()
        return [row["pid"] for row in found]

    def led(*, by_other_than: list[int]) -> list[int]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = asyncio.run(leaders(end=False))
            if found and found != by_other_than:
                return found
            time.sleep(0.1)
        raise AssertionError("nobody leads")

    first = led(by_other_than=[])
    asyncio.run(leaders(end=True))
    assert len(led(by_other_than=first)) == 1
    assert httpx.get(f"{url}/health/ready").status_code == 200


def test_several_workers_need_a_server_of_their_own(terminal: Terminal) -> None:
    if terminal.settings.is_sqlite:
        said = terminal.type("serve", "--workers", "2")
        assert (said.exit_code, "the embedded database has one process" in said.output) == (1, True)


def test_a_shared_database_is_not_migrated_by_the_way(new_terminal: Terminal) -> None:
    if not new_terminal.settings.is_sqlite:
        said = new_terminal.type("serve")
        assert (said.exit_code, "Run `goodtaste migrate`" in said.output) == (1, True)


def test_a_worker_answers_probes_only(terminal: Terminal, port: int) -> None:
    with terminal.run("worker", "--port", str(port)) as server:
        assert _wait(f"http://127.0.0.1:{port}/health/ready", server).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/v1/brand").status_code == 404
        server.ask_to_stop()
        server.ended()


# The program


def test_a_term_of_the_program_is_set_and_shown(terminal: Terminal) -> None:
    said = terminal.type("program", "set", "coupons_each_order", "2", "--reason", "two on an order")
    assert (said.exit_code, "coupons_each_order is now 2 (version 1)" in said.output) == (0, True), said.output
    shown = terminal.type("program", "show")
    assert "version 1" in shown.output
    assert any(
        line.split("│")[1:3] and "coupons_each_order" in line and " 2 " in line for line in shown.output.splitlines()
    )
    double = '[{"times_bp": 20000, "weekdays": [3]}]'
    terminal.type("program", "set", "earn_rules", double, "--reason", "会员日")
    assert '"times_bp":20000' in terminal.type("program", "show").stdout.replace("\n", "")
    assert terminal.type("program", "set", "earn_rules", "[{", "--reason", "x").exit_code == 1
    terminal.type("program", "set", "earn_rules", "[]", "--reason", "x")
    wrong = terminal.type("program", "set", "coupons_each_order", "many", "--reason", "x")
    assert (wrong.exit_code, "coupons_each_order is not many" in wrong.output) == (1, True)
    zone = terminal.type("program", "set", "zone", "Mars/Olympus", "--reason", "x")
    assert (zone.exit_code, "There is no such time zone" in zone.output) == (1, True)
