"""A quote over HTTP with 200 live offers, beside the pure price of the same cart: one web process on PostgreSQL, members signed in.

`python -m bench quote` keeps the figures.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from bench import house
from bench.client import request
from bench.figures import Figure, figure, ratios
from bench.house import DISH, NOW, STORE, Table, uid
from bench.orders import order
from bench.over_http import load
from bench.server import Server
from goodtaste.kernel import clock
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.sessions import Claims, Tokens
from goodtaste.ordering.quote import Cart
from goodtaste.pricing import api as pricing
from goodtaste.promo.api import Terms

MEMBERS, OFFERS, PORT = 50, 200, 8767
OFFER = 0x30
ROUNDS, SECONDS, WARM_S = 5, 2.0, 1.0
COMMAND = "python -m bench quote"


def offers() -> list[Terms]:
    """Return the offers: 20 of them may apply to a cart, the others are for another store, channel, day or level."""
    benefits: list[pricing.Benefit] = [
        pricing.UnitPercent(off_bp=500, dish_ids=(uid(DISH, 7),)),
        pricing.NthItem(n=2, off_bp=5_000, dish_ids=(uid(DISH, 9), uid(DISH, 10))),
        pricing.SpendAndSave(tiers=(pricing.Tier(threshold_fen=8_000, off_fen=500),)),
        pricing.PercentOff(off_bp=800, cap_fen=1_000, threshold_fen=5_000),
        pricing.CheapestFree(of=3, dish_ids=tuple(uid(DISH, i) for i in range(11, 14))),
    ]
    elsewhere = [
        pricing.Conditions(store_ids=(uid(STORE, 50),)),
        pricing.Conditions(channels=("delivery_platform",)),
        pricing.Conditions(levels=("vip",)),
        pricing.Conditions(party_min=10),
    ]
    found = []
    for i in range(OFFERS):
        conditions = pricing.Conditions() if i % 10 == 0 else elsewhere[i % 4]
        made = pricing.Offer(
            id=uid(OFFER, i),
            name=f"优惠{i}",
            benefit=benefits[i // 10 % 5],
            conditions=conditions,
            groups=(f"g{i % 3}",),
        )
        found.append(Terms(offer=made))
    return found


def rows() -> Iterator[Table]:
    """Give the rows of the offers, all of them live."""
    made = NOW - timedelta(days=1)
    columns = ("id", "name", "state", "version", "live_version", "halted", "ends_at", "budget_count", "budget_fen")
    yield (
        "promo_offer",
        (*columns, "used", "used_fen", "made_at", "changed_at"),
        [
            (each.offer.id, each.offer.name, "published", 1, 1, False, None, None, None, 0, 0, made, made)
            for each in offers()
        ],
    )
    yield (
        "promo_offer_version",
        ("offer_id", "version", "terms", "fingerprint", "saved_by", "saved_at", "published_by", "published_at"),
        [
            (each.offer.id, 1, msgspec.to_builtins(each), f"{i:064x}", "bench", made, "bench", made)
            for i, each in enumerate(offers())
        ],
    )


def carts() -> list[tuple[str, Cart]]:
    """Return a cart of four lines for each member."""
    asked = [order(i, members=MEMBERS) for i in range(MEMBERS)]
    return [
        (each.member_id or "", Cart(store_id=each.store_id, channel="mini_program", lines=each.lines)) for each in asked
    ]


def pure(seconds: float) -> float:
    """Price the same carts in this process for so long; return prices a second."""
    at_hand = [each.offer for each in offers() if not each.offer.conditions.store_ids]
    book, made = house.book(), []
    for _, cart in carts():
        choice = {"channel": cart.channel, "zone": "Asia/Shanghai", "at": NOW}
        lines = [each.line for each in book.choose(cart.lines, store_id=cart.store_id, **choice)]  # type: ignore[arg-type]
        context = pricing.Context(
            cart.store_id, cart.channel, NOW, is_member=True, level="silver", local_at=NOW + timedelta(hours=8)
        )
        made.append((lines, context))
    n, begun = 0, time.perf_counter()
    while time.perf_counter() < begun + seconds:
        lines, context = made[n % len(made)]
        pricing.price(lines, context, offers=at_hand)
        n += 1
    return n / (time.perf_counter() - begun)


def _requests(count: int) -> list[bytes]:
    tokens = Tokens(Keyring(house.SECRET.encode()))
    made = []
    for i, (member_id, cart) in enumerate(carts()):
        claims = Claims(member_id, "member", uid(0xFE, i))
        token = tokens.access(claims, at=clock.now(), ttl=timedelta(days=1))
        made.append(request("POST", "/v1/quotes", token=token, body=msgspec.json.encode(cart)))
    return [made[i % len(made)] for i in range(count)]


def figures(rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Measure, interleaved."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        url = house.on_postgres("goodtaste_bench_quote", [*house.tables(members=MEMBERS, coupons=0), *rows()])
        server = Server(url, folder, port=PORT, role="web")
        server.start()
        seen: dict[str, list[float]] = defaultdict(list)
        try:
            load(server, _requests(20_000), WARM_S, url=server.url)
            for turn in range(rounds):
                seen["pure"].append(pure(seconds))
                run = load(server, _requests(int(20_000 * seconds)), seconds, url=server.url)
                if run.refused:
                    raise RuntimeError(f"refused: {run.refused}")
                for field in ("rate", "p50_ms", "p95_ms"):
                    seen[field].append(getattr(run, field))
                print(f"round {turn + 1}/{rounds}:", {k: round(v[-1], 1) for k, v in seen.items()}, flush=True)
        finally:
            server.stop()
        asyncio.run(house.drop("goodtaste_bench_quote"))
    return [
        figure("quote.p50", seen["p50_ms"], "ms", command=COMMAND),
        figure("quote.p95", seen["p95_ms"], "ms", command=COMMAND),
        figure("quote.quotes", seen["rate"], "quotes/s", command=COMMAND),
        figure("quote.pure", seen["pure"], "prices/s", command=COMMAND),
        figure("quote.to_pure", ratios(seen["rate"], seen["pure"]), "x", command=COMMAND),
    ]
