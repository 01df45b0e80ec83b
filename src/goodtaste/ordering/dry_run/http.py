"""The route of dry runs."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody

from goodtaste.kernel.input import Id
from goodtaste.kernel.web import context, staff
from goodtaste.ordering.dry_run.run import DryRunAsked, Report, dry_run

Asked = Request[Any, Any, Any]


@post("/v1/offers/{offer_id:str}/dry-run", opt=staff("offer.edit"), tags=["offers"], status_code=200)
async def try_offer(offer_id: Id, data: JSONBody[DryRunAsked], request: Asked) -> Report:
    """Tell what an offer would have cost with the orders of last month; nothing is written."""
    return await dry_run(context(request), offer_id, data)


ROUTES: list[Any] = [try_offer]
