"""The diner's page with its first screen in it, kept for seconds: a visit costs no more than a file does."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec

from goodtaste.app.first.home import PICKS_MAX, STORES_MAX, Home, home
from goodtaste.app.first.markup import Drawing, Look
from goodtaste.kernel.context import Process
from goodtaste.kernel.words import LANGUAGES, language_of
from goodtaste.member.api import Program
from goodtaste.menu.book import MenuBook
from goodtaste.menu.diner import MenuShown, Short, shown
from goodtaste.org import stores
from goodtaste.org.api import Directory
from goodtaste.org.stores import StoreView
from goodtaste.promo.offers.live import LiveOffers
from goodtaste.promo.offers.words import DinerOffer, in_words, is_for_all

KEPT = timedelta(seconds=5)
PAGES_MAX = 500  # stores × languages that a process keeps
STORES_LOOKED_AT = 50  # by the app, to find one that is open
CHANNEL = "web"
COOKIES_MAX = 4_096  # bytes of a header that are looked at
HEAD, BODY, LANGUAGE = "<!--first-head-->", "<!--first-body-->", '<html lang="zh-CN">'
_encode = msgspec.json.Encoder().encode


class Boot(msgspec.Struct, frozen=True):
    """What the app starts with, in place of asking for it: of the menu only the dishes that the home page shows."""

    language: str
    store_id: str
    stores: tuple[StoreView, ...]
    menu: MenuShown
    offers: tuple[DinerOffer, ...]


class Drawn(msgspec.Struct, frozen=True):
    """A page as it is and packed, by coding, and until when it is kept."""

    html: bytes
    until: datetime
    etag: str
    bodies: Mapping[str, bytes]


class FirstPages:
    """The pages that a process keeps, by store and language."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._kept: dict[tuple[str, str], Drawn] = {}

    def page(self, html: bytes, *, look: Look, headers: Mapping[bytes, bytes]) -> Drawn | None:
        """Return the page for a visitor with these headers; None in a house that has no store yet.

        `html` is the page as it was built, without its first screen.
        """
        cookies = _cookies(headers.get(b"cookie", b"").decode("latin-1"))
        said = cookies.get("gt_language", "")
        language = said if said in LANGUAGES else language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        directory, at = self._process.see(Directory), self._process.clock()
        store_id = cookies.get("gt_store", "")
        chosen = store_id if store_id in directory.stores else ""
        kept = self._kept.get((chosen, language))
        if kept and kept.html is html and at < kept.until:
            return kept
        found = boot(self._process, store_id=chosen, language=language, at=at)
        if found is None:
            return None
        if len(self._kept) >= PAGES_MAX:
            self._kept.clear()
        body = drawn(html.decode(), found, look, at=at).encode()
        bodies = {"": body, "gzip": gzip.compress(body, 9, mtime=0)}
        etag = hashlib.blake2b(body, digest_size=12).hexdigest()
        page = self._kept[(chosen, language)] = Drawn(html, at + KEPT, etag, bodies)
        return page


def boot(process: Process, *, store_id: str, language: str, at: datetime) -> Boot | None:
    """Return what the app starts with at a store; where none was chosen, at the first that is open.  None where there is no store."""
    directory, book = process.see(Directory), process.see(MenuBook)
    known = stores.page(directory, near=None, after=None, limit=STORES_LOOKED_AT, at=at)
    if not known:
        return None
    where = store_id or next((each.id for each in known if each.open_now), known[0].id)
    store = directory.store(where)
    menu = shown(store, book=book, short=process.see(Short).at(where), channel=CHANNEL, language=language, at=at)
    live = [each.terms.offer for each in process.see(LiveOffers).at(where, at=at)]
    said: dict[str, Any] = {"language": language, "book": book, "program": process.see(Program), "zone": store.zone}
    offers = tuple(in_words(each, **said) for each in live if is_for_all(each))
    near = known[:STORES_MAX]
    if all(each.id != where for each in near):
        near.append(stores.shown(store, at=at))
    return Boot(language, where, tuple(near), menu, offers)


def drawn(html: str, found: Boot, look: Look, *, at: datetime) -> str:
    """Return the page with its first screen, and what the app starts with, in it."""
    drawing = Drawing(look, found.language)
    store = next(each for each in found.stores if each.id == found.store_id)
    page = home(found.menu, store=store, stores=found.stores, offers=found.offers, at=at, words=drawing.words)
    # a script element holds what it says up to the next "</script": "<" is written so that there is none
    data = _encode(_slim(found, page)).decode().replace("<", "\\u003c")
    inside = f'{drawing.page(page)}<script type="application/json" id="boot">{data}</script>'
    html = html.replace(LANGUAGE, f'<html lang="{found.language}">', 1)
    return html.replace(HEAD, _preload(page), 1).replace(BODY, inside, 1)


def _preload(page: Home) -> str:
    pictures = [each.picture for each in page.banners[:1] if each.picture]
    return "".join(f'<link rel="preload" as="image" fetchpriority="high" href="{escape(each)}">' for each in pictures)


def _slim(found: Boot, page: Home) -> Boot:
    """Leave of the menu what is shown; categories stay, for which of them comes first decides why a dish is recommended."""
    taken = {each.dish.id for each in page.picks[:PICKS_MAX]}
    categories = tuple(
        msgspec.structs.replace(each, dishes=tuple(dish for dish in each.dishes if dish.id in taken))
        for each in found.menu.categories
    )
    return msgspec.structs.replace(found, menu=msgspec.structs.replace(found.menu, categories=categories))


def _cookies(header: str) -> Mapping[str, str]:
    """Return the cookies of a header; none of one that is wrong."""
    try:
        return {name: each.value for name, each in SimpleCookie(header[:COOKIES_MAX]).items()}
    except CookieError:
        return {}
