"""`goodtaste import menu`: what a person at a terminal sees of a good file and of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from goodtaste.app import migrate
from goodtaste.app.cli import main
from goodtaste.kernel.config import Settings
from goodtaste.menu.transfer import template


@pytest.fixture
def shell(blank: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Give a terminal at a fresh house."""
    for name, value in (
        ("GOODTASTE_DATABASE", blank.database_url),
        ("GOODTASTE_DATA_DIR", str(tmp_path)),
        ("GOODTASTE_SECRET_KEY", "TEST KEY, not a secret: 0123456789abcdef0123456789abcdef"),
        ("GOODTASTE_DEMO", "true"),
        ("LC_ALL", "zh_CN.UTF-8"),
        ("COLUMNS", "200"),
    ):
        monkeypatch.setenv(name, value)
    return blank


def take(*args: str) -> Result:
    return CliRunner().invoke(main, ["import", "menu", *args])


def test_a_database_without_tables_takes_no_menu(shell: Settings, tmp_path: Path) -> None:
    migrate.migrate(shell, "base")
    file = tmp_path / "menu.xlsx"
    file.write_bytes(template("xlsx"))
    assert take(str(file)).exit_code == 1


def test_a_menu_is_checked_then_taken_and_a_second_time_changes_nothing(shell: Settings, tmp_path: Path) -> None:
    file = tmp_path / "menu.xlsx"
    file.write_bytes(template("xlsx"))
    for args, said in (
        (["--dry-run"], "检查通过：将新增 2 道菜"),
        ([], "新增 2 道菜、2 个分类，改动 0 道"),
        ([], "新增 0 道菜、0 个分类，改动 0 道，2 道无变化"),
    ):
        done = take(str(file), *args)
        assert (done.exit_code, said in done.output) == (0, True), done.output


def test_a_bad_row_is_shown_with_what_to_write(shell: Settings, tmp_path: Path) -> None:
    file = tmp_path / "menu.csv"
    file.write_text("分类,菜品编号,菜名,价格,备注\n热菜,A1,宫保鸡丁,38.005,\n", encoding="gb18030")
    for args in ([], ["--dry-run"]):
        done = take(str(file), *args)
        assert done.exit_code == 3, done.output
        assert all(each in done.output for each in ("价格", "38.005", "最多两位小数"))
    file.write_bytes(b"PK\x03\x04")
    assert (take(str(file)).exit_code, take(str(tmp_path / "none.csv")).exit_code) == (1, 2)
