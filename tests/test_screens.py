"""The built pages as a browser gets them: packed, kept for ever where the name says what is in them, one page for every address."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from goodtaste.app import screens
from goodtaste.app.web import litestar_app
from tests.shop import Shop

SCRIPT = b"export const dish = 'xiaolongbao'\n" * 40


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the store's screens built, and the diner's not."""
    folder = tmp_path / "staff"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>POS</title>")
    (folder / "sw.js").write_bytes(b"// the worker")
    (folder / "assets" / "pos-4f2a.js").write_bytes(SCRIPT)
    (folder / "assets" / "pos-4f2a.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "pos-4f2a.js.br").write_bytes(b"packed by brotli")
    (folder / "notes.toml").write_text("secret = true")
    monkeypatch.setattr(screens, "FOLDER", tmp_path)
    return folder


async def test_every_address_of_a_screen_gets_its_page(shop: Shop, built: Path) -> None:
    for path in ("/staff", "/staff/", "/staff/pos", "/staff/orders/0197"):
        page = await shop.get(path)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
        assert (page.headers["cache-control"], "POS" in page.text) == ("no-cache", True)


async def test_a_file_with_its_hash_in_its_name_is_kept_for_ever_and_the_rest_is_asked_for(
    shop: Shop, built: Path
) -> None:
    asset = await shop.get("/staff/assets/pos-4f2a.js", {"accept-encoding": "identity"})
    assert (asset.content, asset.headers["cache-control"]) == (SCRIPT, "public, max-age=31536000, immutable")
    assert "content-encoding" not in asset.headers
    worker = await shop.get("/staff/sw.js")
    assert (worker.headers["cache-control"], worker.headers["content-type"]) == (
        "no-cache",
        "text/javascript; charset=utf-8",
    )


async def test_a_browser_gets_the_best_packing_that_it_takes(shop: Shop, built: Path) -> None:
    path = "/staff/assets/pos-4f2a.js"
    zipped = await shop.get(path, {"accept-encoding": "gzip, deflate"})
    assert (zipped.headers["content-encoding"], zipped.content) == ("gzip", SCRIPT)
    assert zipped.headers["vary"] == "accept-encoding"
    refused = await shop.get(path, {"accept-encoding": "br;q=0, gzip;q=0.5"})
    assert refused.headers["content-encoding"] == "gzip"
    page = screens.page_of("staff", "assets/pos-4f2a.js")
    assert page is not None
    assert page.coding("gzip, deflate, br, zstd") == "br"
    assert page.coding("") == ""


async def test_a_browser_that_has_the_page_is_told_so(shop: Shop, built: Path) -> None:
    first = await shop.get("/staff/")
    again = await shop.get("/staff/", {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (built / "index.html").write_text("<!doctype html><title>a new page</title>")
    assert "a new page" in (await shop.get("/staff/", {"if-none-match": first.headers["etag"]})).text


async def test_nothing_beside_the_pages_can_be_asked_for(shop: Shop, built: Path) -> None:
    for path in (
        "/staff/notes.toml",
        "/staff/assets/old-1.js",
        "/staff/..%2f..%2fkernel/config.py",
        "/staff/assets/pos-4f2a.js.gz",
    ):
        answer = await shop.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "request.no_such_page"), path


async def test_screens_that_are_not_built_say_what_to_do(shop: Shop, built: Path) -> None:
    for asked, word in (("zh-CN", "界面还没有构建"), ("en", "The screens are not built")):
        page = await shop.get("/app/", {"accept-language": asked})
        assert (page.status_code, word in page.text, "make pages" in page.text) == (503, True, True)


async def test_pages_take_no_script_or_style_that_stands_in_the_page_itself(shop: Shop, built: Path) -> None:
    policy = (await shop.get("/staff/")).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy


async def test_screens_are_only_read(shop: Shop, built: Path) -> None:
    answer = await shop.post("/staff/pos", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "request.method_not_allowed")


def test_both_screens_have_their_place(shop: Shop) -> None:
    places = {route.path for route in litestar_app(shop.process).routes}
    assert {"/staff", "/app"} <= {path.rstrip("/") for path in places}
