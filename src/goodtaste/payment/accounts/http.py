"""Routes of accounts."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.params import JSONBody, QueryParameter

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, context, staff
from goodtaste.org import api as org
from goodtaste.payment import calls
from goodtaste.payment.accounts import book
from goodtaste.payment.accounts.book import PAGE_MAX, AccountPage, AccountTerms, NewAccount, Settlement, Statement
from goodtaste.payment.accounts.charges import Account

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
EDIT = "account.edit"


class NewAccountAsked(NewAccount, frozen=True, kw_only=True):
    """What is sent to open an account; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


class AccountTermsAsked(AccountTerms, frozen=True, kw_only=True):
    """What is sent to change an account; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


async def _answers(ctx: Ctx, approval: org.ApprovalAsked | None) -> str:
    """Return who answers for an account: the caller, or who approves it by PIN."""
    if approval is None:
        ctx.actor.need(EDIT)
    return await org.approved_by(ctx, approval, permission=EDIT, store_id=None) or ctx.actor.id


@get("/v1/accounts", opt=staff("account.read"), tags=["accounts"])
async def list_accounts(request: Asked, before: Before = "", limit: Limit = 50) -> AccountPage:
    """List the accounts of business guests, newest first."""
    return await context(request).query(book.page(before=before, limit=limit))


@post("/v1/accounts", opt=staff("account.read"), tags=["accounts"])
async def open_account(data: JSONBody[NewAccountAsked], request: Asked) -> Account:
    """Open an account for a business guest, with a limit."""
    ctx = context(request)
    approved_by = await _answers(ctx, data.approval)
    asked = org.without_approval(data, NewAccount)
    return await ctx.run(book.open_account(asked, actor=ctx.actor, approved_by=approved_by, at=ctx.now))


@put("/v1/accounts/{account_id:str}", opt=staff("account.read"), tags=["accounts"])
async def change_account(account_id: Id, data: JSONBody[AccountTermsAsked], request: Asked) -> Account:
    """Change name, limit or state of an account."""
    ctx = context(request)
    approved_by = await _answers(ctx, data.approval)
    asked = org.without_approval(data, AccountTerms)
    return await ctx.run(book.change_terms(account_id, asked, actor=ctx.actor, approved_by=approved_by, at=ctx.now))


@get("/v1/accounts/{account_id:str}/statement", opt=staff("account.read"), tags=["accounts"])
async def read_statement(account_id: Id, request: Asked, before: Before = "", limit: Limit = 50) -> Statement:
    """Show what an account was charged, what was given back, and what was settled, newest first."""
    return await context(request).query(book.statement(account_id, before=before, limit=limit))


@post("/v1/accounts/{account_id:str}/settlements", opt=staff("account.settle"), tags=["accounts"])
async def settle_account(account_id: Id, data: JSONBody[Settlement], request: Asked) -> Account:
    """Take what a business guest pays of what their account owes, in cash or by transfer."""
    ctx = context(request)
    ctx.actor.need("account.settle", store_id=data.store_id)
    today = calls.today_at(ctx, data.store_id, at=ctx.now)
    drawer = ctx.actor.terminal_id or data.store_id
    settled = book.settle_account(account_id, data, actor=ctx.actor, drawer_id=drawer, today=today, at=ctx.now)
    return await ctx.run(settled)


ROUTES: list[Any] = [list_accounts, open_account, change_account, read_statement, settle_account]
