"""The web edge: what every answer has, and what it says to whom does not speak as the API does."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Literal

import httpx
import msgspec
import pytest
from litestar import get, post
from litestar.params import JSONBody

from goodtaste.app.web import asgi_app
from goodtaste.kernel import web
from goodtaste.kernel.db import Overloaded, Unavailable
from goodtaste.kernel.edge import Edge
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.input import Fen, Input
from tests.shop import Shop

JSON = {"content-type": "application/json"}
SIGN_IN = "/v1/staff/sign-in"
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def _send(shop: Shop, body: bytes, **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", "accept-language": "en"} | headers
    return await shop.client.post(SIGN_IN, content=body, headers=given)


class Tip(Input, frozen=True):
    """A body with a number in it."""

    tip_fen: Fen
    given: date | None = None
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=5, pattern="^[a-z]*$")] = "thanks"
    kind: Literal["a", "b"] = "a"
    parts: Annotated[list[int], msgspec.Meta(max_length=2)] = msgspec.field(default_factory=list)


@post("/tips", opt=web.anybody(), status_code=200)
async def tip(data: JSONBody[Tip]) -> Tip:
    """Give back what was sent."""
    return data


# What every answer has


async def test_an_answer_carries_the_callers_trace(shop: Shop) -> None:
    answer = await shop.get("/health", {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert answer.headers["x-trace-id"] == TRACE
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    assert answer.headers["traceparent"].split("-")[2] != "b7ad6b7169203331"


@pytest.mark.parametrize("bad", ["", "00-xyz", f"00-{TRACE}-b7ad6b7169203331-01\nx"])
async def test_a_malformed_trace_is_replaced(shop: Shop, bad: str) -> None:
    answer = await shop.get("/health", {"traceparent": bad.replace("\n", " ")})
    assert len(answer.headers["x-trace-id"]) == 32
    assert answer.headers["x-trace-id"] != TRACE


async def test_no_answer_can_be_framed_sniffed_or_scripted_from_elsewhere(shop: Shop) -> None:
    for path in ("/health", "/v1/nothing", "/docs"):
        headers = (await shop.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in headers["content-security-policy"]


async def test_the_probes_answer(shop: Shop) -> None:
    assert (await shop.get("/health/live")).json()["status"] == "ok"
    assert (await shop.get("/health/ready")).json()["status"] == "ready"


# Methods and addresses


async def test_head_is_get_without_the_body(shop: Shop) -> None:
    got, asked = await shop.get("/v1/brand"), await shop.client.head("/v1/brand")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"]


async def test_options_names_the_methods(shop: Shop) -> None:
    answer = await shop.client.options("/v1/brand")
    assert answer.status_code == 204
    assert {"GET", "OPTIONS"} <= {name.strip() for name in answer.headers["allow"].split(",")}


async def test_another_method_is_told_which_there_are(shop: Shop) -> None:
    answer = await shop.client.delete("/v1/brand", headers={"accept-language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (405, "request.method_not_allowed")
    assert "GET" in answer.headers["allow"]
    assert "GET" in answer.json()["facts"]["allowed"]


async def test_a_problem_leads_to_what_it_means(shop: Shop) -> None:
    problem = (await shop.get("/v1/nothing")).json()
    page, _, code = problem["type"].partition("#")
    assert f'id="{code}"' in (await shop.get(page)).text


# Bodies


async def test_a_body_needs_its_type(shop: Shop) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        answer = await _send(shop, b"{}", **{"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "request.wrong_type"), kind
    answer = await _send(shop, b"{}", **{"content-type": "application/json; charset=utf-8"})
    assert answer.json()["code"] == "request.malformed"


@pytest.mark.parametrize(
    "body", [b"{", b"nonsense", b'{"a": NaN}', b'{"a": 1} {}', b"\xff\xfe", b'{"\xff": 1}', b"[" * 5000]
)
async def test_what_is_not_json_is_told_so(shop: Shop, body: bytes) -> None:
    answer = await _send(shop, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")
    assert answer.headers["content-type"] == web.PROBLEM


async def test_no_body_at_all_is_malformed(shop: Shop) -> None:
    answer = await _send(shop, b"")
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"login": 4, "password": "x", "device": "till"}, "login"),
        ({"login": "a"}, "body"),
        ({"login": "a", "password": "x", "more": 1}, "body"),
        ([], "body"),
        ("text", "body"),
        (None, "body"),
    ],
)
async def test_a_misfit_is_told_where(shop: Shop, body: object, where: str) -> None:
    answer = await _send(shop, json.dumps(body).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")
    assert answer.json()["facts"]["where"] == where


async def _ask(shop: Shop, routes: list[Any], method: str, path: str, **more: Any) -> httpx.Response:
    app = Edge(web.make_app(shop.process, routes, openapi=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        return await client.request(method, path, **more)


async def _tip(shop: Shop, body: object) -> httpx.Response:
    return await _ask(shop, [tip], "POST", "/tips", json=body)


@pytest.mark.parametrize("amount", ["4", 4.5, True, None, -1, 10**30, [4], {"n": 4}])
async def test_a_number_is_a_number(shop: Shop, amount: object) -> None:
    """A text that reads like a number was once taken for one."""
    answer = await _tip(shop, {"tip_fen": amount})
    assert (answer.status_code, answer.json()["facts"]["where"]) == (400, "tip_fen")


SAID = [
    ({"tip_fen": "4"}, "应为 int，而收到 str"),
    ({"tip_fen": -1}, "不能小于 0"),
    ({"tip_fen": 10**15}, "不能大于 10000000000"),
    ({}, "缺少 tip_fen"),
    ({"tip_fen": 1, "more": 1}, "没有 more 这一项"),
    ({"tip_fen": 1, "given": "tomorrow"}, "日期或时间的格式不对"),
    ({"tip_fen": 1, "note": "x" * 9}, "最多 5 个字符"),
    ({"tip_fen": 1, "note": ""}, "至少 1 个字符"),
    ({"tip_fen": 1, "note": "a b"}, "格式不对"),
    ({"tip_fen": 1, "kind": "c"}, "没有 'c' 这个选项，可选：a, b"),
    ({"tip_fen": 1, "parts": [1, 2, 3]}, "最多 2 项"),
]


@pytest.mark.parametrize(("body", "said"), SAID)
async def test_a_misfit_is_told_in_chinese(shop: Shop, body: object, said: str) -> None:
    assert (await _tip(shop, body)).json()["detail"] == said


async def test_broken_json_is_told_in_chinese(shop: Shop) -> None:
    answer = await _ask(shop, [tip], "POST", "/tips", content=b'{"tip_fen": x}', headers=JSON)
    assert answer.json()["detail"] == "不是有效的 JSON（第 12 字节）"
    answer = await _ask(shop, [tip], "POST", "/tips", content=b'{"tip_fen": 1', headers=JSON)
    assert answer.json()["detail"] == "内容不完整"


async def test_what_fits_arrives(shop: Shop) -> None:
    answer = await _tip(shop, {"tip_fen": 4, "given": "2026-11-22"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"tip_fen": 4, "given": "2026-11-22", "note": "thanks", "kind": "a", "parts": []},
    )


async def test_a_route_says_whom_it_lets_in_or_the_house_stays_shut(shop: Shop) -> None:
    @post("/open")
    async def forgotten() -> None:
        """Forgot to say."""

    with pytest.raises(ValueError, match="/open does not say whom it allows"):
        web.make_app(shop.process, [forgotten], openapi=None)


async def test_a_huge_body_is_refused_with_the_limit(shop: Shop) -> None:
    answer = await _send(shop, b'{"login": "' + b"a" * web.BODY_MAX + b'"}')
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert answer.json()["facts"]["limit_bytes"] == web.BODY_MAX


async def test_a_huge_body_in_pieces_is_refused_too(shop: Shop) -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(20):
            yield b"a" * (web.BODY_MAX // 10)

    answer = await shop.client.post(SIGN_IN, content=pieces(), headers=JSON)
    assert answer.status_code == 413


# When the house cannot


async def _fail(shop: Shop, fault: Exception) -> httpx.Response:
    @get("/fails", opt=web.anybody())
    async def fails() -> None:
        raise fault

    return await _ask(shop, [fails], "GET", "/fails")


@pytest.mark.parametrize(("fault", "code"), [(Overloaded(), "kernel.busy"), (Unavailable("gone"), "kernel.no_answer")])
async def test_who_cannot_be_served_is_told_when_to_come_back(shop: Shop, fault: Exception, code: str) -> None:
    answer = await _fail(shop, fault)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"


async def test_a_bug_tells_a_trace_and_nothing_else(shop: Shop) -> None:
    answer = await _fail(shop, RuntimeError("the password is 1234"))
    assert (answer.status_code, answer.json()["code"]) == (500, "kernel.fault")
    assert answer.json()["trace"] == answer.headers["x-trace-id"]
    assert "1234" not in answer.text


# What is shown


async def test_the_api_describes_itself_without_leaving_the_house(shop: Shop) -> None:
    page = (await shop.get("/docs")).text
    assert "http" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert f"/docs/assets/{asset}" in page
        assert (await shop.get(f"/docs/assets/{asset}")).status_code == 200
    document = (await shop.get("/openapi/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    assert "/v1/orders" in document["paths"]
    lists = document["components"]["schemas"]["Conditions"]["properties"]
    assert lists["store_ids"] == {"type": "array", "items": {"type": "string"}, "maxItems": 500, "default": []}


@pytest.mark.parametrize("name", ["nothing.js", "..%2f__init__.py", "index.html", "swagger-ui.js.map"])
async def test_only_files_of_the_documentation_are_given_out(shop: Shop, name: str) -> None:
    assert (await shop.get(f"/docs/assets/{name}")).status_code == 404


async def test_the_page_of_refusals_has_them_all(shop: Shop) -> None:
    page = (await shop.get("/docs/refusals")).text
    assert [code for code in REFUSALS if code.partition(".")[0] != "test" and f'id="{code}"' not in page] == []


async def test_metrics_count_what_was_served(shop: Shop) -> None:
    await shop.get("/v1/brand")
    answer = await shop.get("/metrics")
    assert 'gt_http_seconds_count{method="GET",route="/v1/brand",status="200"}' in answer.text


async def test_metrics_are_for_this_machine(shop: Shop) -> None:
    transport = httpx.ASGITransport(asgi_app(shop.process), client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as elsewhere:
        answer = await elsewhere.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.not_allowed")


async def test_metrics_are_for_who_has_the_token(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shop.process, "settings", msgspec.structs.replace(shop.process.settings, metrics_token="scrape-me-please")
    )
    transport = httpx.ASGITransport(asgi_app(shop.process), client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as elsewhere:
        assert (await elsewhere.get("/metrics")).status_code == 403
        answer = await elsewhere.get("/metrics", headers={"authorization": "Bearer scrape-me-please"})
    assert answer.status_code == 200
