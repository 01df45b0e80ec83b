"""The home page as markup: the elements, classes and style scopes that the app itself renders, with links in place of what it taps.

No style stands in the page, as the content security policy asks: what the app sets by itself has a class in `web/diner/first/first.css`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import msgspec

from goodtaste.app.first.home import Banner, Home, Pick, fill, picture_of
from goodtaste.kernel.money import yuan
from goodtaste.org.stores import StoreView

TABS = {
    "home": "pages/home/index",
    "order": "pages/order/index",
    "orders": "pages/orders/index",
    "me": "pages/me/index",
}
MENU = TABS["order"]
_TINTS = ("warm", "gold", "leaf")
_WIDE = (("pay/table/index", "bowl", "home.dine"), (MENU, "takeout", "home.pickup"))
_ACTS = (  # the page it leads to, its picture, its words
    ("member/code/index", "scroll", "home.code"),
    ("member/coupons/index", "ticket", "home.coupons"),
    ("member/shop/index", "gift", "home.points"),
    ("member/plans/index", "crown", "home.plans"),
)


class Look(msgspec.Struct, frozen=True):
    """What the build of the app says of its looks (`first.json`).

    `scopes` of styles by part, line `icons` as addresses, `words` by language and key.
    """

    scopes: Mapping[str, str]
    icons: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]


class Drawing:
    """How the home page is drawn in one language."""

    def __init__(self, look: Look, language: str) -> None:
        self.words = look.words[language]
        self._language, self._icons, self._scopes = language, look.icons, look.scopes
        self._at = look.scopes["home"]

    def page(self, home: Home) -> str:
        """Return the whole page."""
        at = self._at
        picks = "".join(self._dish(each) for each in home.picks) or text(at, "hint", self._said("menu.empty"))
        stores = "".join(self._store(each, said, here=each.id == home.store.id) for each, said in home.stores)
        return (
            f'<div id="first"><noscript><p class="told">{self._said("first.no_script")}</p></noscript>'
            f'<p class="told lost" role="alert">{self._said("first.late")} <a href="./">{self._said("do.again")}</a></p>'
            f'<uni-view {self._scopes["GtPage"]} {at} class="page tabbed" role="main">'
            f"{self._top(home)}{self._banners(home.banners)}{self._acts()}"
            f"{self._section('home.picks', 'all', 'do.all')}{_aside(at, 'picks', picks)}"
            f"{self._section('home.stores', 'locate', 'home.locate')}{box(at, '', stores)}"
            f"{text(at, 'hint licence', self._said('menu.licence', n=home.licence)) if home.licence else ''}"
            f"{self._tabs()}</uni-view></div>"
        )

    def _said(self, key: str, **facts: object) -> str:
        return escape(fill(self.words[key], **facts))

    def _of(self, said: str, english: str) -> str:
        return escape(english if self._language == "en" and english else said)

    def _icon(self, name: str) -> str:
        return f'<img class="line-{name.partition(".")[0]}" src="{self._icons[name]}" alt="">'

    def _top(self, home: Home) -> str:
        at, store = self._at, home.store
        where = (
            box(at, "dot" if store.open_now else "dot shut")
            + text(at, "cut at", self._of(store.name, store.name_en))
            + text(at, "hint cut", escape(home.opening))
        )
        hello = text(at, "hello cut", self._said(home.hello), 'role="heading" aria-level="1"')
        enter = link(at, "button small plain enter", "member/sign-in/index", f"<span>{self._said('do.sign_in')}</span>")
        return box(at, "top", box(at, "who", hello + link(at, "where", MENU, where)) + enter)

    def _banners(self, banners: Sequence[Banner]) -> str:
        if not banners:
            return box(self._at, "banners one", box(self._at, "banner blank"))
        drawn = "".join(self._banner(each, n) for n, each in enumerate(banners))
        return _aside(self._at, "banners one" if len(banners) == 1 else "banners", drawn)

    def _banner(self, banner: Banner, n: int) -> str:
        at = self._at
        lines = (("over", banner.over), ("big", banner.title), ("sub", banner.sub))
        words = box(at, "words", "".join(text(at, cls, escape(said)) for cls, said in lines))
        art = _image(at, "art", banner.picture, lazy=n > 0) if banner.picture else ""
        return link(at, f"banner {_TINTS[n % len(_TINTS)]}", MENU, words + art)

    def _acts(self) -> str:
        at = self._at
        icons = {icon: _image(at, "icon", f"./static/icons/{icon}.webp") for _, icon, _ in (*_WIDE, *_ACTS)}
        drawn = ""
        for page, icon, key in _WIDE:
            lines = text(at, "name", self._said(key)) + text(at, "hint cut", self._said(f"{key}_hint"))
            drawn += link(at, "act card wide", page, icons[icon] + box(at, "lines", lines))
        for page, icon, key in _ACTS:
            drawn += link(at, "act card", page, icons[icon] + text(at, "small", self._said(key)))
        return box(at, "acts", drawn)

    def _section(self, title: str, icon: str, key: str) -> str:
        at, said, drawn = self._at, f"<span>{self._said(key)}</span>", self._icon(icon)
        head = text(at, "section-title", self._said(title), 'role="heading" aria-level="2"')
        return box(at, "section", head + link(at, "more", MENU, said + drawn if icon == "all" else drawn + said))

    def _dish(self, pick: Pick) -> str:
        at, dish = self._scopes["GtDish"], pick.dish
        cheapest = min(dish.skus, key=lambda sku: sku.list_fen)
        photo = picture_of(dish)
        seen = _image(at, "pic", photo, lazy=True) if photo else text(at, "letter", escape(dish.name[:1]))
        why = text(at, "why cut", self._said(pick.why, tag=pick.tag))
        about = text(at, "name", escape(dish.name))
        if dish.description:
            about += text(at, "words", escape(dish.description))
        price = self._price(cheapest.list_fen)
        if len({sku.list_fen for sku in dish.skus}) > 1:
            price += text(at, "from", self._said("menu.from"))
        if cheapest.reference_fen is not None and cheapest.reference_fen > cheapest.list_fen:
            price += text(at, "struck num", self._said("menu.was", amount=_whole(cheapest.reference_fen)))
        money = box(at, "line", price)
        if cheapest.member_fen is not None:
            money += text(at, "member num", f"{self._said('menu.member')} {_whole(cheapest.member_fen)}")
        foot = box(at, "foot", box(at, "money", money) + self._add(chooses=len(dish.skus) > 1 or bool(dish.groups)))
        side = box(at, "side", box(at, "about", about) + foot)
        return link(f"{at} {self._at}", "dish tall", MENU, box(at, "plate photo", seen + why) + side)

    def _price(self, fen: int) -> str:
        at = self._scopes["GtPrice"]
        whole, _, cents = yuan(fen).partition(".")
        rest = text(at, "rest", f".{cents.rstrip('0')}") if cents.strip("0") else ""
        said = text(at, "sign", "¥") + text(at, "whole", whole) + rest
        return box(f"{at} {self._scopes['GtDish']}", "price num m brand", said)

    def _add(self, *, chooses: bool) -> str:
        at, step = self._scopes["GtDish"], self._scopes["GtStepper"]
        if chooses:
            return box(at, "some", box(at, "choose", box(at, "pill", f"<span>{self._said('menu.pick')}</span>")))
        return box(f"{step} {at}", "stepper", box(step, "step more", box(step, "disc", self._icon("plus"))))

    def _store(self, store: StoreView, opening: str, *, here: bool) -> str:
        at, tag = self._scopes["GtStores"], self._scopes["GtTag"]
        tone = "green" if store.open_now else "quiet"
        name = text(at, "name cut", self._of(store.name, store.name_en))
        names = box(at, "names", name + text(f"{tag} {at}", f"tag {tone}", escape(opening)))
        what = box(at, "what", names + text(at, "hint address", self._of(store.address, store.address_en)))
        far = box(at, "far", self._icon("here" if here else "choose"))
        return link(at, "store card here" if here else "store card", MENU, what + far)

    def _tabs(self) -> str:
        at, items = self._scopes["GtTabBar"], ""
        for name, page in TABS.items():
            said = text(at, "say on" if name == "home" else "say", self._said(f"tab.{name}"))
            items += link(at, "item", page, box(at, "icon", self._icon(f"tab.{name}")) + said)
        return box(f"{at} {self._scopes['GtPage']}", "bar", items)


def box(scope: str, classes: str, inside: str = "") -> str:
    """Return a box of the app around markup."""
    return f'<uni-view {scope} class="{classes}">{inside}</uni-view>'


def text(scope: str, classes: str, said: str, more: str = "") -> str:
    """Return a text of the app; `said` is markup already."""
    return f'<uni-text {scope} class="{classes}" {more}><span>{said}</span></uni-text>'


def link(scope: str, classes: str, page: str, inside: str) -> str:
    """Return a box that leads to a page of the app, by itself and without a script."""
    return f'<a {scope} class="{classes}" href="#/{page}">{inside}</a>'


def _aside(scope: str, classes: str, inside: str) -> str:
    """Return a row that is scrolled sideways."""
    return f'<uni-scroll-view {scope} class="{classes}"><div class="aside">{box(scope, "track", inside)}</div></uni-scroll-view>'


def _image(scope: str, classes: str, source: str, *, lazy: bool = False) -> str:
    late = ' loading="lazy"' if lazy else ""
    return (
        f'<uni-image {scope} class="{classes}" aria-hidden="true"><img src="{escape(source)}" alt=""{late}></uni-image>'
    )


def _whole(fen: int) -> str:
    """Write an amount as the app does where room is scarce: without fen where there are none."""
    return f"¥{yuan(fen)}".replace(".00", "")
