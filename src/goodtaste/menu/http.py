"""Routes of the menu: the diner's, the head office's and those of a store's staff."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar, get_args

from litestar import Request, Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, JSONBody, QueryParameter

from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Script
from goodtaste.kernel.edge import Ready, Scope
from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.web import OptionalId, QueryId, anybody, context, staff
from goodtaste.kernel.words import language_of
from goodtaste.menu import categories, dishes, portions, prices, transfer
from goodtaste.menu.asked import DishChange, NewDish
from goodtaste.menu.book import Category, Dish, MenuBook, PriceRow
from goodtaste.menu.diner import MenuShown, Page, Pages, Short
from goodtaste.menu.sheets import BYTES_MAX
from goodtaste.menu.shelf import ShelfDish, shelf
from goodtaste.menu.stock import Stock
from goodtaste.org.api import Directory, Store
from goodtaste.pricing.api import Channel

T = TypeVar("T")
Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=200)]
_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_BEFORE, _AFTER = "/v1/stores/", "/menu"
_ROUTE = "/v1/stores/{store_id}/menu"


class OnSale(Input, frozen=True):
    """What is sent to take a dish off sale everywhere, or to put it back."""

    on_sale: bool
    reason: Reason


async def _run(ctx: Ctx, script: Script[T]) -> T:
    """Run a script that changes the menu, and let this process show it."""
    result = await ctx.run(script)
    await ctx.refresh()
    return result


# The diner's menu


@get(
    "/v1/stores/{store_id:str}/menu",
    opt=anybody(),
    tags=["menu"],
    responses={200: ResponseSpec(data_container=MenuShown, generate_examples=False)},
)
async def read_menu(store_id: Id, request: Asked, channel: FromQuery[Channel] = "mini_program") -> Response[bytes]:
    """Show the menu of a store: categories, dishes, options and set meals with their prices for guests and members."""
    ctx = context(request)
    store = ctx.see(Directory).store(store_id)
    page = _page(ctx.process, store, channel=channel, language=ctx.language, at=ctx.now)
    headers = {name.decode(): value.decode() for name, value in page.headers if name != b"content-type"}
    if page.etag in request.headers.get("if-none-match", "").encode():  # a list of tags, weak ones (W/"…") too
        return Response(b"", status_code=304, headers=headers)
    return Response(page.body, media_type="application/json", headers=headers)


def ready(process: Process) -> Callable[[Scope], Ready | None]:
    """Return what answers a guest who reads the menu of a store; every other request, and a wrong one, is left to the routes."""
    channels = {b"": "mini_program"} | {f"channel={each}".encode(): each for each in get_args(Channel)}

    def answer(scope: Scope) -> Ready | None:
        path = scope["path"]
        if not (path.startswith(_BEFORE) and path.endswith(_AFTER)):
            return None
        store = process.see(Directory).stores.get(path[len(_BEFORE) : -len(_AFTER)])
        channel = channels.get(scope["query_string"])
        headers = dict(scope["headers"])
        if store is None or channel is None or b"authorization" in headers:
            return None
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        page = _page(process, store, channel=channel, language=language, at=process.clock())
        if page.etag in headers.get(b"if-none-match", b""):
            return Ready(_ROUTE, 304, page.headers, b"")
        return Ready(_ROUTE, 200, (*page.headers, (b"content-length", b"%d" % len(page.body))), page.body)

    return answer


def _page(process: Process, store: Store, *, channel: str, language: str, at: datetime) -> Page:
    book, short = process.see(MenuBook), process.see(Short).at(store.id)
    return process.part(Pages).page(store, book=book, short=short, channel=channel, language=language, at=at)


# The catalogue


@get("/v1/menu/categories", opt=staff("menu.read"), tags=["menu"])
async def list_categories(request: Asked) -> list[Category]:
    """List all categories, those off sale too."""
    return list(context(request).see(MenuBook).categories)


@post("/v1/menu/categories", opt=staff("menu.edit"), tags=["menu"])
async def make_category(data: JSONBody[categories.NewCategory], request: Asked) -> Category:
    """Make a category."""
    ctx = context(request)
    return await _run(ctx, categories.make_category(data, actor=ctx.actor, at=ctx.now))


@put("/v1/menu/categories/{category_id:str}", opt=staff("menu.edit"), tags=["menu"])
async def change_category(category_id: Id, data: JSONBody[categories.CategoryChange], request: Asked) -> Category:
    """Replace what a category is."""
    ctx = context(request)
    return await _run(ctx, categories.change_category(category_id, data, actor=ctx.actor, at=ctx.now))


@get("/v1/menu/dishes", opt=staff("menu.read"), tags=["menu"])
async def list_dishes(
    request: Asked, category_id: OptionalId = None, after: FromQuery[str | None] = None, limit: Limit = 50
) -> list[Dish]:
    """List dishes by code, those off sale too; `after` is the last code of the page before."""
    return dishes.page(context(request).see(MenuBook), category_id=category_id, after=after, limit=limit)


@get("/v1/menu/shelf", opt=staff("menu.read"), tags=["menu"])
async def read_shelf(request: Asked, store_id: OptionalId = None) -> list[ShelfDish]:
    """Show every dish in brief, those off sale too, with what its sizes cost now: at a store, or without one as it is for all."""
    ctx = context(request)
    if store_id:
        ctx.see(Directory).store(store_id)
    return shelf(ctx.see(MenuBook), store_id=store_id, at=ctx.now)


@get("/v1/menu/dishes/{dish_id:str}", opt=staff("menu.read"), tags=["menu"])
async def read_dish(dish_id: Id, request: Asked) -> Dish:
    """Tell what a dish is, with the version that a change must name."""
    return dishes.one(context(request).see(MenuBook), dish_id)


@post("/v1/menu/dishes", opt=staff("menu.edit"), tags=["menu"])
async def make_dish(data: JSONBody[NewDish], request: Asked) -> Dish:
    """Make a dish or a set meal."""
    ctx = context(request)
    return await _run(ctx, dishes.make_dish(data, actor=ctx.actor, at=ctx.now))


@put("/v1/menu/dishes/{dish_id:str}", opt=staff("menu.edit"), tags=["menu"])
async def change_dish(dish_id: Id, data: JSONBody[DishChange], request: Asked) -> Dish:
    """Replace what a dish is; a SKU that is left out goes off sale."""
    ctx = context(request)
    return await _run(ctx, dishes.change_dish(dish_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/menu/dishes/{dish_id:str}/switch", opt=staff("menu.edit"), tags=["menu"], status_code=200)
async def switch_dish(dish_id: Id, data: JSONBody[OnSale], request: Asked) -> Dish:
    """Take a dish off sale everywhere, or put it back."""
    ctx = context(request)
    script = dishes.switch_dish(dish_id, on_sale=data.on_sale, reason=data.reason, actor=ctx.actor, at=ctx.now)
    return await _run(ctx, script)


# The price book


@get("/v1/menu/prices", opt=staff("menu.read"), tags=["menu"])
async def list_prices(request: Asked, sku_id: QueryId) -> list[PriceRow]:
    """List all prices of a SKU: past, present and to come."""
    return await context(request).db.rows(prices.of_skus([sku_id]))


@post("/v1/menu/prices", opt=staff("menu.edit"), tags=["menu"])
async def set_prices(data: JSONBody[prices.NewPrices], request: Asked) -> list[PriceRow]:
    """Set prices, all of them or none; the price that held ends where the new one begins."""
    ctx = context(request)
    _know_stores(ctx, data)
    return await _run(ctx, prices.set_prices(data, actor=ctx.actor, at=ctx.now))


@post("/v1/menu/prices/preview", opt=staff("menu.edit"), tags=["menu"], status_code=200)
async def preview_prices(data: JSONBody[prices.NewPrices], request: Asked) -> prices.PricesPreview:
    """Tell what setting prices would do: the prices as they are and as they would be; nothing is written."""
    ctx = context(request)
    _know_stores(ctx, data)
    return await ctx.query(prices.preview_prices(data, actor=ctx.actor, at=ctx.now))


def _know_stores(ctx: Ctx, data: prices.NewPrices) -> None:
    for each in data.prices:
        if each.store_id:
            ctx.see(Directory).store(each.store_id)


@delete("/v1/menu/prices/{price_id:str}", opt=staff("menu.edit"), tags=["menu"])
async def end_price(price_id: Id, request: Asked) -> None:
    """End a price now; one that has not begun never will."""
    ctx = context(request)
    await _run(ctx, prices.end_price(price_id, actor=ctx.actor, at=ctx.now))


# The catalogue as a file


@post(
    "/v1/menu/import",
    opt=staff("menu.edit"),
    tags=["menu"],
    status_code=200,
    request_max_body_size=BYTES_MAX + 1,
)
async def import_menu(
    request: Asked, dry_run: FromQuery[bool] = False, seen: FromQuery[int | None] = None
) -> transfer.Report:
    """Take a catalogue in as a whole: the body is an xlsx or CSV file.  With `dry_run` tell only what it would do.

    With what a dry run said was `seen`, it is taken only while the catalogue is as it was then.
    """
    data = await request.body()
    return await transfer.import_menu(data, dry_run=dry_run, ctx=context(request), seen_version=seen)


@get("/v1/menu/export", opt=staff("menu.read"), tags=["menu"])
async def export_menu(request: Asked, kind: FromQuery[transfer.Kind] = "xlsx") -> Response[bytes]:
    """Give the whole catalogue as a file that can be changed and taken in again."""
    ctx = context(request)
    data = await asyncio.to_thread(transfer.export, ctx.see(MenuBook), kind=kind, at=ctx.now)
    return _file(data, "menu", kind)


@get("/v1/menu/import-template", opt=staff("menu.read"), tags=["menu"])
async def import_template(request: Asked, kind: FromQuery[transfer.Kind] = "xlsx") -> Response[bytes]:
    """Give a file with the headings and an example of each table."""
    return _file(await asyncio.to_thread(transfer.template, kind), "menu-template", kind)


def _file(data: bytes, name: str, kind: transfer.Kind) -> Response[bytes]:
    disposition = {"content-disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(data, media_type=_TYPES[kind], headers=disposition)


# The stock of a store


@get("/v1/stores/{store_id:str}/stock", opt=staff("menu.read"), tags=["stock"])
async def read_stock(store_id: Id, request: Asked) -> list[Stock]:
    """List what a store has of every SKU, as it is now."""
    ctx = context(request)
    return await ctx.query(portions.in_store(store_id, actor=ctx.actor))


@put("/v1/stores/{store_id:str}/stock/{sku_id:str}/sold-out", opt=staff("menu.portions"), tags=["stock"])
async def switch_sold_out(store_id: Id, sku_id: Id, data: JSONBody[portions.SoldOutAsked], request: Asked) -> Stock:
    """Sell a SKU out at a store (沽清), for today or until somebody lifts it, or bring it back."""
    ctx = context(request)
    today = ctx.see(Directory).store(store_id).calendar.business_date(ctx.now)
    script = portions.switch_sold_out(store_id, sku_id=sku_id, asked=data, today=today, actor=ctx.actor, at=ctx.now)
    return await _run(ctx, script)


@put("/v1/stores/{store_id:str}/stock/{sku_id:str}/portions", opt=staff("menu.portions"), tags=["stock"])
async def set_portions(store_id: Id, sku_id: Id, data: JSONBody[portions.PortionsAsked], request: Asked) -> Stock:
    """Say how many portions are left now (限量), and how many each day starts with."""
    ctx = context(request)
    return await _run(ctx, portions.set_portions(store_id, sku_id=sku_id, asked=data, actor=ctx.actor, at=ctx.now))


@post(
    "/v1/stores/{store_id:str}/stock/{sku_id:str}/portions",
    opt=staff("menu.portions"),
    tags=["stock"],
    status_code=204,
)
async def add_portions(store_id: Id, sku_id: Id, data: JSONBody[portions.MoreAsked], request: Asked) -> None:
    """Add portions to those left."""
    ctx = context(request)
    await _run(ctx, portions.add_portions(store_id, sku_id=sku_id, asked=data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [
    read_menu, list_categories, make_category, change_category, list_dishes, read_shelf, read_dish, make_dish, change_dish, switch_dish,
    list_prices, set_prices, preview_prices, end_price, import_menu, export_menu, import_template, read_stock, switch_sold_out,
    set_portions, add_portions,
]  # fmt: skip
