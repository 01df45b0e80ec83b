"""What no till and no phone should send: it is refused in words, nothing happens, and nobody sees a fault."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect

from goodtaste.app import rooms
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.ids import is_id, new_id
from goodtaste.kernel.input import Input
from tests import print_kit
from tests.member_kit import refused
from tests.org_kit import Headers
from tests.seating_kit import a_hall
from tests.shop_kit import Floor, line, the

NUMBERS: tuple[Any, ...] = (-1, -(2**63), 2**63, 2**64, 10**30, 1.5, -0.5, "5", "five", "", True, [], {})
IDS: tuple[Any, ...] = ("", "x", "0" * 36, "A" * 8, 5, True, [], {}, "\x00")
TEXTS: tuple[Any, ...] = (5, [], {}, "a\x00b", "\x1b[31m", "x" * 20_000)
FLAGS: tuple[Any, ...] = (1, 0, "yes", [], "")
LISTS: tuple[Any, ...] = ({}, "x", 5, [5], [[]], [None], ["x"])
RAW = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"\xff\xfe",
    b'{"id": "\\ud800"}',
    b'{"id":' * 2_000,
    b"NaN",
    b'{"a":1}{"b":2}',
)


class Route:
    """A route with a well-formed body, and who may send it."""

    def __init__(self, path: str, by: Headers, body: dict[str, Any], method: str = "POST") -> None:
        self.path, self.by, self.body, self.method = path, by, body, method


async def routes(floor: Floor) -> dict[str, Route]:
    """Return the routes of orders, coupons and payments that take a body."""
    member = await floor.a_member(points=1_000)
    coupon = await floor.a_coupon(member)
    table = {"kind": "dine_in", "table_id": floor.store.tables[0]}
    order = await floor.order(line("noodles"), member=member, **table)
    by, manager, admin = floor.at("cashier"), floor.at("store_manager"), floor.at("hq_admin")
    noodles, feast = line("noodles", 2, options=("hot", "egg")), line("feast")
    visit = await floor.a_visit(member)
    money = {"payment_id": new_id(), "tendered_fen": 100_000}
    one = f"/v1/orders/{order['id']}"
    cart = {
        "store_id": floor.store.id,
        "channel": "counter",
        "lines": [noodles | {"note": "少油"}, feast],
        "member_id": member.id,
    }
    cart |= {"visit_id": visit, "coupon_id": coupon, "points": 100}
    template = {
        "id": new_id(), "name": "券", "name_en": "Coupon", "kind": "cash", "value": 100, "threshold_fen": 200, "cap_fen": 300,
        "dish_ids": [the("dish/tea")], "store_ids": [floor.store.id], "valid_days": 3, "budget_count": 5, "budget_fen": 900,
        "limit_each": 2, "claimable": True,
    }  # fmt: skip
    pieces = [{"line_no": 1, "qty": 1}]
    pin = {"staff_id": new_id(), "pin": "736194"}
    refund = {"id": new_id(), "reason": "退", "seen_amount_fen": 100, "pieces": pieces, "restock": True}
    gift = {"id": new_id(), "template_id": new_id(), "member_id": member.id, "reason": "送"}
    invoice = print_kit.a_buyer(kind="company", tax_no="91330106MA2CFP4Q0T")
    printer = print_kit.a_printer_asked() | {
        "paper_mm": 58, "answers": "status", "stations": [new_id()], "fallback_id": new_id(), "fallback_after_s": 9,
        "active": True,
    }  # fmt: skip
    switch = f"/v1/coupon-templates/{await floor.a_template()}/switch"
    hall = await a_hall(floor)
    await hall.open("B1")
    phone, store = await hall.scan("B1"), f"/v1/stores/{hall.store.id}"
    act = {"id": new_id(), "what": "bump", "pieces": [{"dish_id": new_id(), "order_id": new_id(), "qty": 1}]}
    seat = {
        "id": new_id(),
        "table_ids": [hall.at["B2"]],
        "party": 2,
        "waiter_id": hall.store.staff["waiter"],
        "share": False,
    }
    send = {"id": new_id(), "lines": [{"id": new_id(), "version": 1}], "seen_due_fen": 1, "note": "快"}
    return {
        "quote": Route("/v1/quotes", by, cart | {"all_points": False, "no_coupon": False}),
        "order": Route(
            "/v1/orders", by, cart | {"id": new_id(), "kind": "counter", "seen_due_fen": 1, "note": "", "cash": money}
        ),
        "round": Route(f"{one}/rounds", by, {"id": new_id(), "lines": [noodles, feast]}),
        "bill": Route(f"{one}/bill", by, {"version": 1, "seen_due_fen": 1, "coupon_id": coupon, "points": 5}),
        "cash": Route(f"{one}/cash", by, {"id": new_id(), "tendered_fen": 1, "seen_due_fen": 1}),
        "wallet": Route(
            f"{one}/payments", by, {"payment_id": new_id(), "method": "wallet", "amount_fen": 1, "auth_code": "9" * 18}
        ),
        "part": Route(
            f"{one}/parts",
            by,
            {"id": new_id(), "amount_fen": 1, "seen_due_fen": 1, "tender": {"type": "cash", "tendered_fen": 1}},
        ),
        "take back": Route(
            f"{one}/parts/{new_id()}/take-back",
            manager,
            {"reason": "换", "approval": {"staff_id": new_id(), "pin": "736194"}},
        ),
        "account": Route(
            "/v1/accounts", admin, {"id": new_id(), "name": "公司", "contact": "王", "limit_fen": 1, "reason": "约"}
        ),
        "owner": Route(f"/v1/differences/{new_id()}/owner", admin, {"staff_id": new_id()}),
        "resolve": Route(f"/v1/differences/{new_id()}/resolve", admin, {"reason": "补"}),
        "courier": Route(
            "/v1/signed-bills/pay",
            {},
            {"text": f"B1.eA.{'x' * 86}", "payment_id": new_id(), "method": "wallet", "auth_code": "9" * 18},
        ),
        "courier cash": Route(
            "/v1/signed-bills/cash",
            by,
            {"text": f"B1.eA.{'x' * 86}", "id": new_id(), "tendered_fen": 1},
        ),
        "shift": Route(
            "/v1/shifts",
            by,
            {"id": new_id(), "store_id": floor.store.id, "float_pieces": [{"fen": 100, "pieces": 1}]},
        ),
        "move": Route(
            f"/v1/shifts/{new_id()}/cash",
            by,
            {"id": new_id(), "kind": "in", "amount_fen": 1, "reason": "换", "approval": pin},
        ),
        "count": Route(
            f"/v1/shifts/{new_id()}/count",
            by,
            {
                "id": new_id(),
                "pieces": [{"fen": 100, "pieces": 1}],
                "approval": {"staff_id": new_id(), "pin": "736194"},
            },
        ),
        "close shift": Route(f"/v1/shifts/{new_id()}/close", by, {"cashier": pin, "witness": pin, "reason": "差"}),
        "hand over": Route(
            f"/v1/shifts/{new_id()}/hand-over",
            by,
            {"next_id": new_id(), "cashier": pin, "next_cashier": pin, "reason": "差"},
        ),
        "drawer": Route("/v1/drawer-openings", by, {"id": new_id(), "store_id": floor.store.id, "reason": "换"}),
        "settle": Route(
            f"/v1/accounts/{new_id()}/settlements",
            manager,
            {"id": new_id(), "store_id": floor.store.id, "amount_fen": 1, "method": "cash", "reference": "1"},
        ),
        "cancel": Route(f"{one}/cancel", by, {"reason": "不要"}),
        "advance": Route(f"{one}/advance", by, {"to": "served", "reason": "上菜"}),
        "preview": Route(f"{one}/refunds/preview", manager, {"pieces": pieces}),
        "refund": Route(f"{one}/refunds", manager, refund | {"approval": {"staff_id": new_id(), "pin": "736194"}}),
        "give up": Route(f"/v1/payments/{new_id()}/give-up", manager, {"reason": "不知道"}),
        "template": Route("/v1/coupon-templates", admin, template),
        "switch": Route(switch, admin, {"open": True, "reason": "开"}),
        "gift": Route("/v1/coupons", admin, gift),
        "seat": Route(f"{store}/seatings", hall.waiter, seat),
        "cart": Route(f"/v1/seating/cart/{new_id()}", phone.headers, {"version": 1, "choice": noodles}, "PUT"),
        "send": Route("/v1/seating/rounds", phone.headers, send),
        "act": Route(f"{store}/kitchen/acts", floor.at("kitchen", hall.store), act),
        "station": Route(
            f"{store}/kitchen/stations/{new_id()}",
            hall.manager,
            {"name": "热菜", "kind": "make", "capacity": 2, "active": True},
            "PUT",
        ),
        "claim": Route("/v1/me/coupons", floor.by(member), {"id": new_id(), "template_id": new_id()}),
        "invoice": Route(f"/v1/orders/{order['id']}/invoice", by, invoice),
        "printer": Route(f"/v1/stores/{floor.store.id}/printers", manager, printer),
        "reprint": Route(
            f"/v1/print-jobs/{new_id()}/reprint", by, {"id": new_id(), "reason": "再来", "printer_id": new_id()}
        ),
    }


NAMES = ("quote", "order", "round", "bill", "cash", "wallet", "part", "take back", "account", "courier", "courier cash",
         "owner", "resolve", "shift", "move", "count",
         "close shift", "hand over", "drawer", "settle", "cancel", "advance", "preview",
         "refund", "give up", "template", "switch", "gift", "claim", "invoice", "printer", "reprint", "seat",
         "cart", "send", "act", "station")  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give every place in a body, with what stands there."""
    if path:
        yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def wrong(value: Any) -> tuple[Any, ...]:
    """Return what may not stand where `value` does."""
    if isinstance(value, bool):
        return FLAGS
    if isinstance(value, int):
        return NUMBERS
    if isinstance(value, str):
        return (*IDS, value.upper(), f"{value}\n", f" {value}") if is_id(value) else TEXTS
    return LISTS if isinstance(value, list) else ([], "x", 5)


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a body with another value in one place."""
    changed = copy.deepcopy(body)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", NAMES)
async def test_a_body_with_one_wrong_value_is_refused_in_words(floor: Floor, name: str) -> None:
    route = (await routes(floor))[name]
    for path, value in places(route.body):
        for bad in wrong(value):
            answer = await floor.do(route.method, route.path, put(route.body, path, bad), route.by)
            assert (answer.status_code, refused(answer)) == (400, "request.malformed"), (path, bad, answer.text)
    for path, value in ((), route.body), *places(route.body):
        if isinstance(value, dict):
            answer = await floor.do(route.method, route.path, put(route.body, (*path, "price"), 1), route.by)
            assert refused(answer) == "request.malformed", "what nobody asked for is not passed over"
    for raw in RAW:
        sent = {"content-type": "application/json", **route.by}
        answer = await floor.client.request(route.method, route.path, content=raw, headers=sent)
        assert (answer.status_code, refused(answer)) == (400, "request.malformed"), raw
    assert refused(await floor.do(route.method, route.path, {"x": "y" * 1_100_000}, route.by)) == "request.too_large"
    await floor.books_hold()


@pytest.mark.parametrize("name", ["order", "round", "quote"])
async def test_too_many_lines_and_pieces_are_refused(floor: Floor, name: str) -> None:
    route = (await routes(floor))[name]
    for lines in (
        [],
        [line("tea")] * 201,
        [line("tea", 1_000)],
        [line("tea", 0)],
        [line("noodles", options=("egg",) * 60)],
    ):
        answer = await floor.do("POST", route.path, route.body | {"lines": lines}, route.by)
        assert refused(answer) == "request.malformed"


@pytest.mark.parametrize("field", ["reason", "note", "name", "name_en"])
async def test_words_may_have_lines_where_people_write_and_nowhere_else(floor: Floor, field: str) -> None:
    order = await floor.order(line("tea"))
    body = {"to": "accepted", "reason": "第一行\n第二行\t完"}
    if field == "reason":
        assert (await floor.done("POST", f"/v1/orders/{order['id']}/advance", body, floor.at("kitchen")))[
            "state"
        ] == "accepted"
    elif field == "note":
        assert (await floor.order(line("tea"), note="少冰\n多糖"))["note"] == "少冰\n多糖"
    else:
        asked = {"id": new_id(), "name": "券", "kind": "cash", "value": 1, "valid_days": 1} | {field: "两\n行"}
        assert await floor.refuses("POST", "/v1/coupon-templates", asked, floor.at("hq_admin")) == "request.malformed"


@pytest.mark.parametrize(
    "lines",
    [
        [line("noodles", options=("mild", "hot"))],
        [line("noodles") | {"options": []}],
        [line("noodles", options=("egg", "beef", "rice"))],
        [line("noodles") | {"options": [the("option/mild"), the("option/mild")]}],
        [line("tea") | {"options": [the("option/egg")]}],
        [line("noodles") | {"options": [the("option/mild"), "018f0000-0000-7000-8000-000000000001"]}],
        [line("feast", parts={})],
        [line("feast", parts={"main": "tea"})],
        [line("feast", parts={"main": "noodles", "drink": "noodles"})],
        [line("tea") | {"parts": line("feast")["parts"]}],
        [line("feast") | {"parts": line("feast")["parts"] * 2}],
    ],
)
async def test_a_choice_that_does_not_fit_the_dish_is_refused(floor: Floor, lines: list[Any]) -> None:
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": lines}
    assert await floor.refuses("POST", "/v1/quotes", asked) == "menu.bad_choice"
    order = asked | {"id": new_id(), "kind": "counter", "seen_due_fen": 0}
    assert await floor.refuses("POST", "/v1/orders", order, floor.at("cashier")) == "menu.bad_choice"


async def test_what_does_not_exist_is_said_not_to(floor: Floor) -> None:
    member, nobody, by = await floor.a_member(), new_id(), floor.at("cashier")
    asked = await floor.cart([line("tea")], by=by)
    mine = await floor.cart([line("tea")], member=member, by=floor.by(member))
    no_sku = {"lines": [{"sku_id": nobody, "qty": 1}]}
    assert await floor.refuses("POST", "/v1/orders", asked | no_sku, by) == "menu.not_on_menu"
    assert (
        await floor.refuses("POST", "/v1/orders", asked | {"store_id": nobody}, floor.at("hq_admin"))
        == "org.store_unknown"
    )
    assert await floor.refuses("POST", "/v1/orders", asked | {"table_id": nobody}, by) == "org.table_unknown"
    assert await floor.refuses("POST", "/v1/orders", asked | {"member_id": nobody}, by) == "member.not_present"
    assert (
        await floor.refuses("POST", "/v1/orders", mine | {"coupon_id": nobody}, floor.by(member))
        == "promo.coupon_unknown"
    )
    assert await floor.refuses("POST", "/v1/orders", asked | {"coupon_id": nobody}, by) == "promo.coupon_unknown"
    for path, body in (
        ("cash", {"id": nobody, "tendered_fen": 1, "seen_due_fen": 1}),
        ("cancel", {"reason": "x"}),
        ("open-again", None),
    ):
        assert await floor.refuses("POST", f"/v1/orders/{nobody}/{path}", body, by) == "ordering.unknown"
    for path in ("", "/steps", "/payments", "/refunds"):
        assert (
            await floor.refuses("GET", f"/v1/orders/{nobody}{path}", None, floor.at("store_manager"))
            == "ordering.unknown"
        )
    for path, body in (("ask", None), ("give-up", {"reason": "x"})):
        assert (
            await floor.refuses("POST", f"/v1/payments/{nobody}/{path}", body, floor.at("hq_admin"))
            == "payment.unknown"
        )
    claim = {"id": new_id(), "template_id": nobody}
    assert await floor.refuses("POST", "/v1/me/coupons", claim, floor.by(member)) == "promo.template_unknown"
    gift = {"id": new_id(), "template_id": await floor.a_template(), "member_id": nobody, "reason": "x"}
    assert await floor.refuses("POST", "/v1/coupons", gift, floor.at("hq_admin")) == "member.unknown"
    switch = {"open": False, "reason": "x"}
    assert (
        await floor.refuses("POST", f"/v1/coupon-templates/{nobody}/switch", switch, floor.at("hq_admin"))
        == "promo.template_unknown"
    )


async def test_a_coupon_that_is_not_ones_own_is_used_expired_or_does_not_apply_is_refused(floor: Floor) -> None:
    member, other = await floor.a_member(), await floor.a_member()
    by = floor.by(member)
    plain = await floor.cart([line("noodles")], member=member, by=by)

    async def why(coupon: str) -> tuple[str, str]:
        answer = await floor.do("POST", "/v1/orders", plain | {"id": new_id(), "coupon_id": coupon}, by)
        return refused(answer), answer.json()["facts"].get("why", "")

    assert await why(await floor.a_coupon(other)) == ("promo.coupon_unknown", "")
    used = await floor.a_coupon(member)
    await floor.bought(line("noodles"), member=member, coupon_id=used)
    assert await why(used) == ("promo.coupon_used", "")
    soon = await floor.a_coupon(member, valid_from_at="2027-01-01T00:00:00+08:00")
    assert await why(soon) == ("promo.coupon_not_applicable", "not_yet_valid")
    short = await floor.a_coupon(member, valid_days=1)
    floor.later(days=2)
    by = floor.by(member)
    assert await why(short) == ("promo.coupon_not_applicable", "expired")
    for more, reason in (
        ({"store_ids": [floor.elsewhere.id]}, "other_store"),
        ({"channels": ["mini_program"]}, "other_channel"),
        ({"dish_ids": [the("dish/tea")]}, "no_such_dish"),
        ({"threshold_fen": 2_501}, "below_threshold"),
    ):
        assert await why(await floor.a_coupon(member, **more)) == ("promo.coupon_not_applicable", reason)
    assert (await floor.seen((await floor.order(line("noodles"), member=member))["id"]))["coupon_id"] is None
    await floor.books_hold()


async def test_a_member_code_shown_twice_too_late_or_elsewhere_buys_nothing(floor: Floor) -> None:
    member, by = await floor.a_member(points=100), floor.at("cashier")
    shown = await floor.done("GET", "/v1/me/code", None, floor.by(member))
    scan = {"code": shown["qr"], "store_id": floor.store.id}
    visit = (await floor.done("POST", "/v1/member-codes/scan", scan, by))["visit_id"]
    assert await floor.refuses("POST", "/v1/member-codes/scan", scan, by) == "member.code_used"
    asked = await floor.cart([line("tea")], member=member, by=by, visit_id=visit)
    elsewhere = asked | {"store_id": floor.elsewhere.id}
    assert (
        await floor.refuses("POST", "/v1/orders", elsewhere, floor.at("cashier", floor.elsewhere))
        == "member.not_present"
    )
    other = await floor.a_member()
    assert await floor.refuses("POST", "/v1/orders", asked | {"member_id": other.id}, by) == "member.not_present"
    without = {key: value for key, value in asked.items() if key != "visit_id"}
    assert await floor.refuses("POST", "/v1/orders", without, by) == "member.not_present"
    shown = await floor.done("GET", "/v1/me/code", None, floor.by(member))
    floor.later(minutes=11)
    by = floor.at("cashier")
    assert await floor.refuses("POST", "/v1/orders", asked, by) == "member.visit_over"
    stale = {"code": shown["qr"], "store_id": floor.store.id}
    assert await floor.refuses("POST", "/v1/member-codes/scan", stale, by) in (
        "member.code_expired",
        "member.code_stale",
    )


async def test_a_template_that_contradicts_itself_is_refused(floor: Floor) -> None:
    good = {"name": "券", "kind": "cash", "value": 500, "valid_days": 3}
    admin = floor.at("hq_admin")
    for more in (
        {"valid_days": None},
        {"valid_from_at": "2026-12-02T00:00:00+08:00", "valid_to_at": "2026-12-01T00:00:00+08:00"},
        {"valid_from_at": "2026-12-02T00:00:00"},
        {"valid_to_at": "9999-12-31T00:00:00Z"},
        {"valid_from_at": "0001-01-01T00:00:00Z"},
        {"kind": "percent", "value": 10_001},
        {"threshold_fen": 499},
    ):
        asked = {"id": new_id()} | good | more
        assert await floor.refuses("POST", "/v1/coupon-templates", asked, admin) == "promo.bad_template", more
    asked = {"id": new_id()} | good
    made = await floor.done("POST", "/v1/coupon-templates", asked, admin)
    assert await floor.done("POST", "/v1/coupon-templates", asked, admin) == made
    assert await floor.refuses("POST", "/v1/coupon-templates", asked | {"value": 1}, admin) == "request.id_taken"
    await floor.done("POST", f"/v1/coupon-templates/{made['id']}/switch", {"open": False, "reason": "停"}, admin)
    member = await floor.a_member()
    gift = {"id": new_id(), "template_id": made["id"], "member_id": member.id, "reason": "送"}
    assert await floor.refuses("POST", "/v1/coupons", gift, admin) == "promo.not_claimable"
    claim = {"id": new_id(), "template_id": await floor.a_template(claimable=False)}
    assert await floor.refuses("POST", "/v1/me/coupons", claim, floor.by(member)) == "promo.not_claimable"


ROOMS = ("ordering.", "promo.", "payment.", "ledger.")


@pytest.mark.parametrize("code", sorted(code for code in REFUSALS if code.startswith(ROOMS)))
def test_every_refusal_is_met_by_some_test(code: str) -> None:
    met = re.compile(rf'"{re.escape(code)}"|raises\((\w+\.)?{REFUSALS[code].__name__}\b')
    tests = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    assert any(met.search(text) for text in tests), "a refusal that nobody has seen"


# Every text that anybody may send

CLEANED = {
    ("ProfilePatch", "nickname"),
    ("ProfilePatch", "city"),
    ("Scanned", "code"),
    ("Whose", "code"),
    ("PutMember", "code"),
}  # by `clean`, and by the reader of codes


def _inputs(kind: type[Input]) -> Iterator[type[Input]]:
    for each in kind.__subclasses__():
        yield each
        yield from _inputs(each)


def _texts(kind: inspect.Type) -> Iterator[inspect.StrType]:
    """Find the texts in a type: itself, or one it is made of."""
    if isinstance(kind, inspect.StrType):
        yield kind
    within = [getattr(kind, name, None) for name in ("item_type", "key_type", "value_type")]
    for each in (*within, *getattr(kind, "types", ()), *getattr(kind, "item_types", ())):
        if isinstance(each, inspect.Type):
            yield from _texts(each)


def test_no_text_that_anybody_sends_may_hold_a_nul_which_postgresql_cannot_keep() -> None:
    assert rooms.ROUTES, "all that reads a body is imported"
    loose = {
        (each.__name__, field.name)
        for each in _inputs(Input)
        for field in inspect.type_info(each).fields  # type: ignore[attr-defined]
        for text in _texts(field.type)
        if text.pattern is None or re.search(text.pattern, "a\x00b")
    }
    assert loose - CLEANED == set()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/staff/sign-in", {"login": "a\x00b", "password": "Good taste 2026", "device": "till"}),
        ("/v1/auth/wechat", {"code": "a\x00b", "device": "phone"}),
    ],
)
async def test_a_stranger_who_signs_in_with_a_nul_is_refused(floor: Floor, path: str, body: dict[str, str]) -> None:
    assert await floor.refuses("POST", path, body) == "request.malformed"


async def test_a_route_that_wants_a_body_says_so_when_there_is_none(floor: Floor) -> None:
    headers = {"content-type": "application/json", "accept-language": "en"}
    answer = await floor.client.post("/v1/quotes", content=b"", headers=headers)
    assert (answer.status_code, answer.json()["facts"]["where"]) == (400, "body")
    assert "'data'" not in answer.text


async def test_who_names_no_choice_that_there_is_is_told_the_choices(floor: Floor) -> None:
    asked = {"id": new_id(), "name": "券", "kind": "gold", "value": 1, "valid_days": 1}
    for language, say in (("en", "may be: "), ("zh-CN", "可选：")):
        headers = floor.at("hq_admin") | {"accept-language": language}
        for method, path, body, choice in (
            ("POST", "/v1/coupon-templates", asked, "percent"),
            ("GET", "/v1/offers?in_state=gone", None, "draft"),
        ):
            problem = (await floor.do(method, path, body, headers)).json()
            assert problem["code"] == "request.malformed"
            assert say in problem["detail"], problem
            assert choice in problem["detail"].partition(say)[2], problem
