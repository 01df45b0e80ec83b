"""The house stands: it answers, and refuses in two languages what it does not know."""

from tests.shop import Shop


async def test_it_answers(shop: Shop) -> None:
    answer = await shop.get("/health")
    assert answer.json()["status"] == "ok"
    assert len(answer.headers["x-trace-id"]) == 32


async def test_an_unknown_address_is_a_problem_in_the_callers_language(shop: Shop) -> None:
    answer = await shop.get("/v1/nothing", {"accept-language": "en-GB"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (answer.json()["code"], answer.json()["title"]) == (
        "request.no_such_page",
        "There is nothing at this address",
    )
    assert (await shop.get("/v1/nothing")).json()["title"] == "没有这个地址"


async def test_a_route_lets_nobody_in_who_is_not_signed_in(shop: Shop) -> None:
    assert (await shop.get("/v1/coupon-templates")).json()["code"] == "auth.not_signed_in"
    forged = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}
    assert (await shop.get("/v1/coupon-templates", forged)).json()["code"] == "auth.not_signed_in"
