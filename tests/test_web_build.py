"""The build of the screens: once for what the sources are, never twice for the same, and no reason for a house not to start."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import web


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a checkout with one screen, whose build is counted in a file."""
    folder = tmp_path / "web" / "staff"
    (folder / "src").mkdir(parents=True)
    (tmp_path / "web" / "shared").mkdir()
    (folder / "src" / "main.ts").write_text("export {}")
    (folder / "package-lock.json").write_text("{}")
    (folder / "budgets.json").write_text('{".js": 100}')
    monkeypatch.setattr(web, "ROOT", tmp_path)
    monkeypatch.setattr(web, "WEB", tmp_path / "web")
    monkeypatch.setattr(web, "OUT", tmp_path / "out")
    monkeypatch.delenv(web.SKIP, raising=False)
    (tmp_path / "out").mkdir()

    def npm(at: Path, *words: str) -> None:
        if words[0] == "ci":
            (at / "node_modules").mkdir(exist_ok=True)
            return
        with (tmp_path / "builds").open("a") as counted:
            counted.write("x")
        (at / "dist").mkdir(exist_ok=True)
        (at / "dist" / "index.html").write_text('<script src="/staff/assets/index-1.js"></script>')
        (at / "dist" / "index-1.js").write_bytes(bytes(range(256)) * 4)

    monkeypatch.setattr(web, "npm", npm)
    monkeypatch.setattr(web, "pack", lambda folder: None)
    return tmp_path


def builds(checkout: Path) -> int:
    """Count how often the screen was built."""
    counted = checkout / "builds"
    return len(counted.read_text()) if counted.exists() else 0


def test_a_screen_is_built_once_for_its_sources(checkout: Path) -> None:
    assert [web.main([]), web.main([]), builds(checkout)] == [0, 0, 1]
    (checkout / "web" / "staff" / "src" / "main.ts").write_text("export const dish = 1")
    assert [web.main([]), builds(checkout)] == [0, 2]
    (checkout / "web" / "shared" / "tokens.css").write_text(":root{}")
    assert [web.main([]), builds(checkout)] == [0, 3]


def test_what_is_made_from_the_sources_is_no_source(checkout: Path) -> None:
    web.main([])
    for made in ("node_modules/vue.js", "dist/index.html"):
        (checkout / "web" / "staff" / made).write_text("made")
    assert [web.main([]), builds(checkout)] == [0, 1]


def test_pages_that_were_deleted_are_built_again(checkout: Path) -> None:
    web.main([])
    (checkout / "out" / "staff").rename(checkout / "elsewhere")
    assert [web.main([]), builds(checkout)] == [0, 2]


def test_nothing_is_built_where_somebody_said_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(web.SKIP, "1")
    assert [web.main([]), builds(checkout)] == [0, 0]


def test_a_build_that_fails_keeps_the_pages_that_are_there(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    web.main([])

    def fails(at: Path, *words: str) -> None:
        raise web.CannotBuild("Node 20.19 or newer is needed.")

    monkeypatch.setattr(web, "npm", fails)
    (checkout / "web" / "staff" / "src" / "main.ts").write_text("broken")
    assert web.main([]) == 1
    assert web.main(["--try"]) == 0
    assert "Node 20.19 or newer is needed." in capsys.readouterr().out
    assert (checkout / "out" / "staff" / "index.html").exists()


def test_a_screen_that_grew_beyond_its_budget_is_found(checkout: Path) -> None:
    web.main([])
    [found] = web.too_large(web.SCREENS[0])
    assert "staff .js" in found
    (checkout / "web" / "staff" / "budgets.json").write_text('{".js": 5000}')
    assert web.too_large(web.SCREENS[0]) == []
    (checkout / "web" / "staff" / "budgets.json").write_text('{"Gone-": 5000}')
    assert len(web.too_large(web.SCREENS[0])) == 1  # a budget that counts nothing holds nothing
