"""Run benchmarks and keep their figures: `python -m bench [NAME …]`, all of them where no name is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from bench import (
    account,
    claims,
    counter,
    curve,
    events,
    live,
    lots,
    menu,
    night,
    over_http,
    pricing,
    quote,
    scripts,
    sqlite,
    subscriptions,
)
from bench.figures import Figure, keep

BENCHMARKS: Mapping[str, Callable[[], Sequence[Figure]]] = {
    "scripts": scripts.figures,
    "sqlite": sqlite.figures,
    "http": over_http.figures,
    "menu": menu.figures,
    "pricing": pricing.figures,
    "quote": quote.figures,
    "account": account.figures,
    "lots": lots.figures,
    "claims": claims.figures,
    "counter": counter.figures,
    "events": events.figures,
    "live": live.figures,
    "night": night.figures,
    "curve": curve.figures,
    "subscriptions": subscriptions.figures,
}


def main(names: Sequence[str]) -> int:
    """Run what is named, print its figures, and return 1 where a target is missed."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    missed = 0
    for name in names or BENCHMARKS:
        seen = BENCHMARKS[name]()
        keep(seen)
        for each in seen:
            verdict = {None: "", True: "met", False: "MISSED"}[each.met]
            print(f"{each.name:36} {each.value:>12,.4g} {each.unit:12} {each.target:10} {verdict}", flush=True)
            missed += each.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
