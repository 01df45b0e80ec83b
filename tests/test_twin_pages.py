"""The front page of the demonstration: what it shows is served, and only there."""

from __future__ import annotations

import re
from importlib.resources import files

from goodtaste.kernel.config import Settings
from goodtaste.twin import data
from tests.shop import Shop, open_shop

SITE = ("index.html", "site.css", "site.js")


async def test_the_front_page_and_what_it_needs_is_served(demo: Shop) -> None:
    page = await demo.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for address in re.findall(r'(?:src|href)="(/(?:site|pictures)/[^"]+)"', page.text):
        assert (await demo.get(address)).status_code == 200, address


async def test_each_role_is_one_click_away(demo: Shop) -> None:
    page = (await demo.get("/")).text
    roles = ["/app/", *(f"/staff/{each}" for each in ("pair?as=kiosk", "board", "menu"))]
    logins = re.findall(r'href="/staff/sign-in\?as=(\w+)', page)
    assert [each for each in roles if f'href="{each}"' not in page] == []
    assert {"cashier05", "kitchen05", "manager05", "marketer"} <= set(logins)
    known = {each["login"] for each in (await demo.get("/v1/demo")).json()["sign_ins"]}
    assert set(logins) <= known


async def test_the_front_page_opens_in_the_language_of_the_browser(demo: Shop) -> None:
    tags = set()
    for asked, shown in (("en-GB,en;q=0.9", "en"), ("zh-CN,zh;q=0.9", "zh-CN"), ("fr", "zh-CN")):
        page = await demo.get("/", {"accept-language": asked})
        assert (f'<html lang="{shown}">' in page.text, page.headers["vary"]) == (True, "accept-language"), asked
        tags.add(page.headers["etag"])
        again = await demo.get("/", {"accept-language": asked, "if-none-match": page.headers["etag"]})
        assert again.status_code == 304
    assert len(tags) == 2


def test_every_tag_of_a_dish_has_its_english_name() -> None:
    script = (files("goodtaste.twin") / "site" / "site.js").read_text("utf-8")
    tags = {tag for each in data.menu().dishes for tag in each.tags}
    assert tags
    assert [tag for tag in tags if not re.search(rf'\b{tag}: "[A-Z]', script)] == []


async def test_every_dish_has_its_picture(demo: Shop) -> None:
    store_id = data.id_of("store", "HW-01")
    menu = (await demo.get(f"/v1/stores/{store_id}/menu")).json()
    pictures = [picture for each in menu["categories"] for dish in each["dishes"] for picture in dish["pictures"]]
    assert len(pictures) == 38
    for picture in pictures:
        answer = await demo.get(f"/{picture}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp"), picture


async def test_a_browser_that_has_a_picture_does_not_get_it_again(demo: Shop) -> None:
    first = await demo.get("/pictures/guotie.webp")
    assert "max-age" in first.headers["cache-control"]
    again = await demo.get("/pictures/guotie.webp", {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_nothing_else_can_be_asked_for(demo: Shop) -> None:
    for path in ("/pictures/none.webp", "/pictures/..%2fbrand.toml", "/site/brand.toml"):
        assert (await demo.get(path)).status_code == 404, path


async def test_the_demo_tells_how_its_people_sign_in(demo: Shop) -> None:
    told = (await demo.get("/v1/demo")).json()
    assert {each["login"] for each in told["sign_ins"]} == {each.login for each in data.brand().staff}
    assert [each["phone"] for each in told["members"]] == [each.phone for each in data.brand().members]


async def test_a_house_that_is_no_demonstration_has_none_of_it(blank: Settings) -> None:
    async with open_shop(blank) as shop:
        for path in ("/", "/v1/demo", "/site/site.css", "/pictures/guotie.webp"):
            assert (await shop.get(path)).json()["code"] == "request.no_such_page", path


def test_the_page_takes_nothing_from_outside_and_runs_under_the_houses_own_rules() -> None:
    text = {name: (files("goodtaste.twin") / "site" / name).read_text("utf-8") for name in SITE}
    assert not [name for name, body in text.items() if re.search(r"https?://|@import", body)]
    assert not re.search(r"<style|style=|<script>| on[a-z]+=", text["index.html"])
