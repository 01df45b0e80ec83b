"""The compiled mini-program, run without WeChat's tools against the running house, and pictured."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from diner_kit import House, keep
from playwright.sync_api import Browser
from tools import web

DINER = web.WEB / "diner"
BYTES_MAX = 800_000  # of the main package, pictures and all
CLASSES = re.compile(r'class="([^"]*)"')  # the simulator gives each a prefix, WeChat lets those of app.wxss through
RPX = re.compile(r"(-?[\d.]+)rpx")
BOXES = """
body { margin: 0; width: 750px; font-size: 28px }
wx-view, wx-scroll-view, wx-input, main { display: block } wx-text { white-space: pre-line }
wx-image { display: inline-block; overflow: hidden } wx-image > img { width: 100%; height: 100%; object-fit: contain }
wx-scroll-view { overflow: hidden }
"""


@pytest.fixture(scope="module")
def built(house: House) -> Path:
    """Give the folder of the mini-program, built."""
    assert house
    web.install(DINER, tests=True)
    web.npm(DINER, "run", "build:mp-weixin", "--silent")
    folder = DINER / "dist" / "build" / "mp-weixin"
    (folder / "package.json").write_text('{"type":"commonjs"}')
    return folder


def test_the_main_package_is_small(built: Path) -> None:
    parts = [
        path
        for path in built.rglob("*")
        if path.is_file() and path.relative_to(built).parts[0] not in ("pay", "member")
    ]
    assert sum(path.stat().st_size for path in parts) < BYTES_MAX


def test_its_pages_run(built: Path, house: House, browser: Browser, tmp_path: Path, pictures: Path | None) -> None:
    node = shutil.which("node")
    assert node is not None
    script = DINER / "test" / "weapp" / "walk.cjs"
    done = subprocess.run(
        [node, script, built, house.url, tmp_path], cwd=DINER, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if pictures is None:
        return
    app = RPX.sub(r"\1px", (built / "app.wxss").read_text()).replace("page{", "body{")
    page = browser.new_page(viewport={"width": 750, "height": 1500})
    for name in ("home", "order", "me", "checkout"):
        css, html = RPX.sub(r"\1px", (tmp_path / f"{name}.css").read_text()), (tmp_path / f"{name}.html").read_text()
        # addresses of the house are written into the markup as they were built
        html = html.replace("http://127.0.0.1:8000", house.url).replace('src="/static', f'src="{house.url}/app/static')
        html = CLASSES.sub(lambda found: f'class="{found[1]} {re.sub(r"[^ ]+--", "", found[1])}"', html)
        page.set_content(f"<!doctype html><meta charset=utf-8><style>{app}{BOXES}{css}</style>{html}")
        page.wait_for_timeout(600)
        keep(page, pictures / f"diner-weapp-{name}.webp")
    page.close()
