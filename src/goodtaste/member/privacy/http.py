"""Routes of privacy."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from goodtaste.kernel.web import address_of, anybody, context, member
from goodtaste.member.otp import CodeSent
from goodtaste.member.privacy import erasing, exporting, proving
from goodtaste.member.privacy.erasing import ErasureView
from goodtaste.member.privacy.exporting import ExportLink
from goodtaste.member.privacy.proving import PrivacyProof

Asked = Request[Any, Any, Any]
HEADERS = {"cache-control": "no-store", "content-disposition": 'attachment; filename="goodtaste.zip"'}


@post("/v1/me/privacy-code", opt=member(), tags=["privacy"])
async def send_privacy_code(request: Asked) -> CodeSent:
    """Send a code to one's own number, which proves who asks for an archive or an erasure."""
    return await proving.send_code(context(request), address=address_of(request))


@post("/v1/me/exports", opt=member(), tags=["privacy"])
async def export_me(data: JSONBody[PrivacyProof], request: Asked) -> ExportLink:
    """Make a link to an archive of all that is held on oneself; it runs out soon."""
    return await exporting.export(context(request), data)


@get("/v1/exports/{token:str}", opt=anybody(), tags=["privacy"])
async def fetch_export(token: FromPath[str], request: Asked) -> Stream:
    """Fetch an archive by its link."""
    pieces = await exporting.archive(context(request), token)
    return Stream(pieces, media_type="application/zip", headers=HEADERS)


@get("/v1/me/erasure", opt=member(), tags=["privacy"])
async def my_erasure(request: Asked) -> ErasureView:
    """Tell whether one asked to be erased, and when it will be done."""
    ctx = context(request)
    return await ctx.query(erasing.of_member(ctx.actor.id))


@post("/v1/me/erasure", opt=member(), tags=["privacy"])
async def erase_me(data: JSONBody[PrivacyProof], request: Asked) -> ErasureView:
    """Ask to be erased; it is done after some days, in which it can be taken back."""
    return await erasing.ask(context(request), data)


@delete("/v1/me/erasure", opt=member(), tags=["privacy"], status_code=200)
async def keep_me(request: Asked) -> ErasureView:
    """Take back that one asked to be erased."""
    ctx = context(request)
    return await ctx.run(erasing.cancel(actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [send_privacy_code, export_me, fetch_export, my_erasure, erase_me, keep_me]
