"""The first screen of the diner's page: what is true now stands in the page itself, as the app would show it, and nothing in it runs."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goodtaste.app import screens
from goodtaste.app.first.home import Home, daypart, home, opening, recommended
from goodtaste.app.first.markup import Drawing, Look
from goodtaste.app.first.page import KEPT, STORES_LOOKED_AT, Boot, drawn
from goodtaste.kernel.calendar import zone_of
from goodtaste.menu.diner import CategoryShown, DishShown, MenuShown, SkuShown
from goodtaste.org.directory import SpecialDay
from goodtaste.org.rules import Hours, Span
from goodtaste.org.stores import StoreView
from goodtaste.promo.offers.words import DinerOffer
from tests.menu_kit import a_dish, a_selling_store
from tests.shop import Shop

DINER = Path(__file__).parents[1] / "web" / "diner"
CASES = json.loads((DINER / "test" / "first.json").read_text())
PAGE = '<!doctype html>\n<html lang="zh-CN"><head><!--first-head--></head><body><!--first-body--><div id="app"></div></body></html>'
PARTS = ("home", "GtPage", "GtTabBar", "GtDish", "GtPrice", "GtStepper", "GtStores", "GtTag")
ICONS = ("tab.home", "tab.order", "tab.orders", "tab.me", "all", "locate", "plus", "here", "choose")
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;"


def words(language: str) -> dict[str, str]:
    """Read the app's sentences."""
    source = (DINER / "src" / "locale" / f"{language}.ts").read_text()
    return {
        key: said.replace("\\'", "'") for key, said in re.findall(r"^  '([^']+)': '((?:[^'\\]|\\.)*)'", source, re.M)
    }


LOOK = Look(
    scopes={name: f"data-v-{n}" for n, name in enumerate(PARTS)},
    icons={name: "data:image/svg+xml,%3Csvg%3E" for name in ICONS},
    words={"zh-CN": words("zh"), "en": words("en")},
)


class Seen(HTMLParser):
    """What a browser makes of a page: its elements, and the text beside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.data, self._in = "", "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.data += data
        else:
            self.text += data


def a_menu(name: str = "红烧肉", tag: str = "招牌") -> MenuShown:
    sku = SkuShown(id="s", name="", list_fen=5850, member_fen=5200, reference_fen=6800, sold_out=False)
    dish = DishShown(
        **{"id": "d", "kind": "dish", "name": name, "description": name, "pictures": ("pictures/a b.webp",)},
        **{"tags": (tag,), "allergens": (), "spice": 0, "calories_kcal": None, "carbon_g": None},
        **{"prep_minutes": 8, "sold_out": False},
        **{"skus": (sku,), "groups": (), "slots": ()},
    )
    category = CategoryShown("c", name, (), True, (dish,))
    return MenuShown("store", name, name, True, "web", "zh-CN", (category,))


def a_store(name: str = "静安寺店", **more: Any) -> StoreView:
    given = {name: None for name in StoreView.__struct_fields__} | {
        **{"id": "store", "name": name, "name_en": "", "address": name, "address_en": "", "zone": "Asia/Shanghai"},
        **{"hours": (), "special_days": (), "open": True, "open_now": True},
    }
    return StoreView(**(given | more))


def noon() -> datetime:
    return datetime(2026, 3, 4, 12, tzinfo=zone_of("Asia/Shanghai"))


def a_page(text: str) -> Seen:
    """Draw a page on which every name is `text`."""
    offer = DinerOffer("o", text, [text], [text], None)
    found = Boot("zh-CN", "store", (a_store(text),), a_menu(text, text), (offer,))
    return Seen(drawn(PAGE, found, LOOK, at=noon()))


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the diner's app built."""
    folder = tmp_path / "diner"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "first.json").write_bytes(msgspec.json.encode(LOOK))
    monkeypatch.setattr(screens, "FOLDER", tmp_path)
    return folder


async def visit(shop: Shop, **headers: str) -> tuple[Any, Seen]:
    answer = await shop.get("/app/", {name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, answer.text
    return answer, Seen(answer.text)


async def test_what_is_sold_now_stands_in_the_page(shop: Shop, built: Path) -> None:
    store_id = await a_selling_store(shop)
    await a_dish(shop, tags=("招牌",))
    answer, seen = await visit(shop, cookie=f"gt_store={store_id}", accept_language="zh-CN")
    boot = json.loads(seen.data)
    assert (boot["store_id"], boot["language"]) == (store_id, "zh-CN")
    menu = (await shop.get(f"/v1/stores/{store_id}/menu?channel=web", {"accept-language": "zh-CN"})).json()
    sold = {dish["id"]: dish for category in menu["categories"] for dish in category["dishes"]}
    shown = [dish for category in boot["menu"]["categories"] for dish in category["dishes"]]
    assert shown
    for dish in shown:
        assert dish == sold[dish["id"]]
        assert dish["name"] in seen.text
    stores = {each["id"]: each for each in (await shop.get("/v1/stores?limit=200")).json()}
    assert {each["id"]: each for each in boot["stores"]}[store_id] == stores[store_id]
    assert stores[store_id]["name"] in seen.text
    assert answer.headers["vary"] == "accept-encoding, accept-language, cookie"


async def test_it_is_said_in_the_language_of_the_app_else_in_that_of_the_browser(shop: Shop, built: Path) -> None:
    await a_selling_store(shop)
    for asked, said, lang in (
        ({"accept_language": "en-GB"}, "Picked for you", "en"),
        ({"accept_language": "zh-TW"}, "为你推荐", "zh-CN"),
        ({"accept_language": "en", "cookie": "gt_language=zh-CN"}, "为你推荐", "zh-CN"),
        ({"accept_language": "zh", "cookie": "gt_language=en; gt_store=nowhere"}, "Picked for you", "en"),
        ({"accept_language": "en", "cookie": 'gt_language="; =;;'}, "Picked for you", "en"),
    ):
        _, seen = await visit(shop, **asked)
        assert (said in seen.text, ("html", {"lang": lang}) in seen.tags) == (True, True), asked


async def test_it_is_kept_for_seconds_and_known_by_its_tag(
    shop: Shop, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_selling_store(shop)
    now = shop.now
    monkeypatch.setattr(shop.process, "clock", lambda: now)
    first, _ = await visit(shop)
    assert first.headers["content-encoding"] == "gzip"
    again = await shop.get("/app/", {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    dish = await a_dish(shop, tags=("招牌",), name="九转大肠")
    (built / "first.json").touch()
    same, _ = await visit(shop)
    assert same.text == first.text
    now += KEPT
    fresh = await shop.get("/app/")
    assert fresh.headers["cache-control"] == "no-cache"
    assert (fresh.text != first.text) == (dish.id in fresh.text)


async def test_a_page_of_the_app_by_its_file_and_a_build_without_looks_are_as_they_were_built(
    shop: Shop, built: Path
) -> None:
    await a_selling_store(shop)
    assert (await shop.get("/app/index.html")).text == PAGE
    assert (await shop.get("/app/")).text != PAGE
    (built / "first.json").unlink()
    (built / "index.html").write_text(PAGE + "\n")
    assert (await shop.get("/app/")).text == PAGE + "\n"


def test_nothing_in_the_page_runs_whatever_dishes_and_stores_are_called() -> None:
    seen = a_page(HOSTILE)
    assert seen.text.count(HOSTILE) >= 8
    assert json.loads(seen.data)["menu"]["categories"][0]["name"] == HOSTILE
    assert [attrs for tag, attrs in seen.tags if tag == "script"] == [{"type": "application/json", "id": "boot"}]
    assert {tag for tag, _ in seen.tags if tag in ("img", "a", "link", "style", "svg", "iframe")} == {
        "img",
        "a",
        "link",
    }
    for tag, attrs in seen.tags:
        assert not [name for name in attrs if name == "style" or name.startswith("on")], (tag, attrs)
        assert (attrs.get("href") or "#").startswith(("#/", "#", "./", "/")), (tag, attrs)
        assert (attrs.get("src") or "./").startswith(("./", "/pictures/", "data:image/svg+xml")), (tag, attrs)


def test_links_lead_to_pages_of_the_app() -> None:
    pages = json.loads((DINER / "src" / "pages.json").read_text())
    known = {each["path"] for each in pages["pages"]}
    known |= {f"{each['root']}/{page['path']}" for each in pages["subPackages"] for page in each["pages"]}
    links = {str(attrs["href"]) for tag, attrs in a_page("店").tags if tag == "a"} - {"./"}
    assert links
    assert {link.removeprefix("#/") for link in links} <= known


def test_what_is_drawn_has_classes_that_the_app_has() -> None:
    sources = [*(DINER / "src").rglob("*.vue"), DINER / "first" / "first.css", DINER / "src" / "styles" / "app.css"]
    known = "\n".join(each.read_text() for each in sources)
    classes = {cls for _, attrs in a_page("店").tags for cls in (attrs.get("class") or "").split()}
    assert sorted(each for each in classes if not re.search(rf"[.'\" ]{each}\b", known)) == []


def test_the_picture_that_is_seen_first_is_fetched_first() -> None:
    links = [attrs for tag, attrs in a_page("店").tags if tag == "link"]
    assert [(each["as"], each["fetchpriority"], each["href"]) for each in links] == [
        ("image", "high", "/pictures/a b.webp")
    ]


def test_a_house_without_offers_shows_its_dish_and_one_without_dishes_says_so() -> None:
    words_ = LOOK.words["zh-CN"]
    given = {"store": a_store(), "stores": [a_store()], "at": noon(), "words": words_}
    one = home(a_menu(), offers=(), **given)
    assert [(each.over, each.title) for each in one.banners] == [("招牌必点", "红烧肉")]
    bare = home(msgspec.structs.replace(a_menu(), categories=()), offers=(), **given)
    assert bare.banners == []
    assert "这家店还没有上菜单" in Drawing(LOOK, "zh-CN").page(bare)


def test_a_price_is_written_as_the_app_writes_it() -> None:
    found: Home = home(a_menu(), store=a_store(), stores=[], offers=(), at=noon(), words=LOOK.words["zh-CN"])
    text = Seen(Drawing(LOOK, "zh-CN").page(found)).text
    assert "¥58.5" in text
    assert "会员价 ¥52" in text
    assert "原价 ¥68" in text
    assert found.hello == "hello.noon"


@pytest.mark.parametrize("case", CASES["openings"], ids=lambda case: case["says"])
def test_opening_hours_are_said_as_the_app_says_them(case: dict[str, Any]) -> None:
    hours = tuple(Hours(*each) for each in case["hours"])
    special = tuple(
        SpecialDay(date.fromisoformat(day), tuple(Span(*each) for each in spans), "")
        for day, *spans in case.get("special", [])
    )
    store = a_store(hours=hours, special_days=special, open=case["open"], open_now=case["open_now"])
    assert opening(store, at=datetime.fromisoformat(case["at"]), words=LOOK.words["zh-CN"]) == case["says"]


def test_the_day_has_the_parts_that_it_has_in_the_app() -> None:
    assert [[hour, daypart(hour)] for hour, _ in CASES["dayparts"]] == CASES["dayparts"]


@pytest.mark.parametrize("case", CASES["menus"], ids=lambda case: f"{len(case['picks'])} dishes")
def test_the_same_dishes_are_recommended_as_in_the_app(case: dict[str, Any]) -> None:
    dish = a_menu().categories[0].dishes[0]
    categories = tuple(
        CategoryShown("c", "", (), each["open_now"], tuple(
            msgspec.structs.replace(dish, id=d["id"], tags=tuple(d["tags"]), sold_out=d["sold_out"]) for d in each["dishes"]
        ))
        for each in case["categories"]
    )  # fmt: skip
    picks = recommended(msgspec.structs.replace(a_menu(), categories=categories))
    assert [[each.dish.id, each.why, each.tag] for each in picks] == case["picks"]


def test_as_many_stores_are_looked_at_as_the_app_asks_for() -> None:
    assert f"limit: {STORES_LOOKED_AT}" in (DINER / "src" / "state" / "place.ts").read_text()
