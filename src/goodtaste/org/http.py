"""Routes of the organisation, and of the sessions of members and staff."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, TypeVar

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from goodtaste.kernel import sessions
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Script
from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.sessions import TokenPair
from goodtaste.kernel.web import Allow, BadRequest, OptionalId, Sought, address_of, anybody, context, staff, terminal
from goodtaste.org import brand, devices, dining, geo, passwords, people, sign_in, stores, terminals
from goodtaste.org.directory import Brand, Directory
from goodtaste.org.rules import Role

T = TypeVar("T")
Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=200)]
Latitude = Annotated[float | None, QueryParameter(ge=-90, le=90)]
Longitude = Annotated[float | None, QueryParameter(ge=-180, le=180)]
PEOPLE = {"allow": Allow(frozenset(("member", "staff")))}
STAFF = {"allow": Allow(frozenset(("staff",)))}  # whatever their roles: what they do here is their own


class StoreSwitch(Input, frozen=True):
    """What is sent to open or to close a store."""

    open: bool
    reason: Reason


class Activate(Input, frozen=True):
    """What is sent to deactivate a person of the staff, or to take them back."""

    active: bool
    reason: Reason


class Revoke(Input, frozen=True):
    """What is sent to revoke a terminal."""

    reason: Reason


async def _run(ctx: Ctx, script: Script[T]) -> T:
    """Run a script that changes the directory, and let this process show it."""
    result = await ctx.run(script)
    await ctx.refresh()
    return result


def _store(ctx: Ctx, store_id: str) -> stores.StoreView:
    return stores.shown(ctx.see(Directory).store(store_id), at=ctx.now)


def _person(ctx: Ctx, staff_id: str) -> people.PersonView:
    return people.shown(ctx.see(Directory), staff_id, reader=ctx.actor)


def _near(latitude: float | None, longitude: float | None) -> geo.Point | None:
    if latitude is None or longitude is None:
        if latitude is not longitude:
            raise BadRequest(where="longitude" if longitude is None else "latitude", what="is missing", faults=[])
        return None
    return latitude, longitude


# The brand and its stores


@get("/v1/brand", opt=anybody(), tags=["stores"])
async def read_brand(request: Asked) -> Brand:
    """Tell what the brand is called."""
    return context(request).see(Directory).brand


@put("/v1/brand", opt=staff("org.edit"), tags=["stores"])
async def name_brand(data: JSONBody[brand.Named], request: Asked) -> Brand:
    """Give the brand its name."""
    ctx = context(request)
    return await _run(ctx, brand.name_brand(data, actor=ctx.actor, at=ctx.now))


@get("/v1/stores", opt=anybody(), tags=["stores"])
async def list_stores(
    request: Asked,
    latitude: Latitude = None,
    longitude: Longitude = None,
    q: Sought = "",
    after: OptionalId = None,
    limit: Limit = 50,
) -> list[stores.StoreView]:
    """List the stores, the nearest first where a place (GCJ-02) is given, else by code; `after` is the last store of the page before, `q`
    what a store's code, name or address holds.
    """
    ctx = context(request)
    near = _near(latitude, longitude)
    return stores.page(ctx.see(Directory), near=near, q=q, after=after, limit=limit, at=ctx.now)


@get("/v1/stores/{store_id:str}", opt=anybody(), tags=["stores"])
async def read_store(store_id: Id, request: Asked) -> stores.StoreView:
    """Tell what a store is, and whether it is open now."""
    return _store(context(request), store_id)


@post("/v1/stores", opt=staff("org.edit"), tags=["stores"])
async def make_store(data: JSONBody[stores.NewStore], request: Asked) -> stores.StoreView:
    """Make a store; it stays closed until somebody opens it."""
    ctx = context(request)
    await _run(ctx, stores.make(data, actor=ctx.actor, at=ctx.now))
    return _store(ctx, data.id)


@put("/v1/stores/{store_id:str}", opt=staff("org.edit"), tags=["stores"])
async def change_store(store_id: Id, data: JSONBody[stores.StoreChange], request: Asked) -> stores.StoreView:
    """Replace what a store is; with what it was when it was seen, only while it still is that."""
    ctx = context(request)
    await _run(ctx, stores.change_details(store_id, data, seen=data.seen, actor=ctx.actor, at=ctx.now))
    return _store(ctx, store_id)


@post("/v1/stores/{store_id:str}/switch", opt=staff("store.switch"), tags=["stores"], status_code=200)
async def switch_store(store_id: Id, data: JSONBody[StoreSwitch], request: Asked) -> stores.StoreView:
    """Open a store, or close it by hand."""
    ctx = context(request)
    await _run(ctx, stores.switch(store_id, open_=data.open, reason=data.reason, actor=ctx.actor, at=ctx.now))
    return _store(ctx, store_id)


@put("/v1/stores/{store_id:str}/special-days/{day:date}", opt=staff("store.switch"), tags=["stores"])
async def set_day(
    store_id: Id, day: FromPath[date], data: JSONBody[stores.DayHours], request: Asked
) -> stores.StoreView:
    """Give one date hours of its own, or close the store on it."""
    ctx = context(request)
    await _run(ctx, stores.set_day(store_id, day=day, asked=data, actor=ctx.actor, at=ctx.now))
    return _store(ctx, store_id)


@delete("/v1/stores/{store_id:str}/special-days/{day:date}", opt=staff("store.switch"), tags=["stores"])
async def drop_day(store_id: Id, day: FromPath[date], request: Asked) -> None:
    """Give one date the hours of its weekday again."""
    ctx = context(request)
    await _run(ctx, stores.set_day(store_id, day=day, asked=None, actor=ctx.actor, at=ctx.now))


# Areas and tables


@get("/v1/stores/{store_id:str}/areas", opt=staff("org.read"), tags=["tables"])
async def list_areas(store_id: Id, request: Asked) -> list[dining.Area]:
    """List the areas of a store."""
    ctx = context(request)
    return await ctx.query(dining.areas(store_id, actor=ctx.actor))


@post("/v1/stores/{store_id:str}/areas", opt=staff("table.edit"), tags=["tables"])
async def make_area(store_id: Id, data: JSONBody[dining.NewArea], request: Asked) -> dining.Area:
    """Make an area."""
    ctx = context(request)
    return await _run(ctx, dining.make_area(store_id, data, actor=ctx.actor, at=ctx.now))


@put("/v1/stores/{store_id:str}/areas/{area_id:str}", opt=staff("table.edit"), tags=["tables"])
async def rename_area(store_id: Id, area_id: Id, data: JSONBody[dining.Rename], request: Asked) -> dining.Area:
    """Give an area another name."""
    ctx = context(request)
    return await _run(ctx, dining.rename_area(store_id, area_id=area_id, asked=data, actor=ctx.actor, at=ctx.now))


@get("/v1/stores/{store_id:str}/tables", opt=staff("org.read"), tags=["tables"])
async def list_tables(store_id: Id, request: Asked) -> list[dining.TableRow]:
    """List the tables of a store with the codes that their QR carries."""
    ctx = context(request)
    return await ctx.query(dining.tables(store_id, actor=ctx.actor))


@post("/v1/stores/{store_id:str}/tables", opt=staff("table.edit"), tags=["tables"])
async def make_tables(store_id: Id, data: JSONBody[dining.NewTables], request: Asked) -> list[dining.TableRow]:
    """Make one table, or many: `A1..A12`."""
    ctx = context(request)
    return await _run(ctx, dining.make_tables(store_id, data, actor=ctx.actor, at=ctx.now))


@put("/v1/stores/{store_id:str}/tables/{table_id:str}", opt=staff("table.edit"), tags=["tables"])
async def change_table(
    store_id: Id, table_id: Id, data: JSONBody[dining.TableDetails], request: Asked
) -> dining.TableRow:
    """Replace what a table is, and whether it is in use; its code stays."""
    ctx = context(request)
    return await _run(ctx, dining.change_table(store_id, table_id=table_id, asked=data, actor=ctx.actor, at=ctx.now))


@get("/v1/tables/{code:str}", opt=anybody(), tags=["tables"])
async def scan_table(code: FromPath[str], request: Asked) -> dining.TableAt:
    """Tell where the code of a table's QR leads."""
    ctx = context(request)
    return dining.scanned(ctx.see(Directory), code, at=ctx.now)


# The staff


@post("/v1/staff/sign-in", opt=anybody(), tags=["staff"], status_code=200)
async def staff_sign_in(data: JSONBody[sign_in.SignIn], request: Asked) -> sign_in.SignedIn:
    """Sign in by password."""
    return await sign_in.sign_in(data, ctx=context(request))


@get("/v1/staff/me", opt=STAFF, tags=["staff"])
async def who_am_i(request: Asked) -> sign_in.WhoIAm:
    """Tell who is signed in, in which roles, and what they may do at which store."""
    ctx = context(request)
    return sign_in.who(ctx.see(Directory), ctx.actor)


@put("/v1/staff/me/password", opt=STAFF, tags=["staff"], status_code=204)
async def change_my_password(data: JSONBody[passwords.ChangePassword], request: Asked) -> None:
    """Change one's own password; every other device is signed out."""
    ctx = context(request)
    await passwords.change_password(data, ctx=ctx)
    await ctx.refresh()


@put("/v1/staff/me/pin", opt=STAFF, tags=["staff"], status_code=204)
async def change_my_pin(data: JSONBody[passwords.ChangePin], request: Asked) -> None:
    """Set one's own PIN."""
    await passwords.change_pin(data, ctx=context(request))


@get("/v1/staff", opt=staff("staff.read"), tags=["staff"])
async def list_staff(
    request: Asked,
    store_id: OptionalId = None,
    q: Sought = "",
    role: FromQuery[Role | None] = None,
    active: FromQuery[bool | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = 50,
) -> list[people.PersonView]:
    """List the staff by login, where one may read them; `after` is the last login of the page before, `q` what a login or name holds."""
    ctx = context(request)
    directory, reader = ctx.see(Directory), ctx.actor
    return people.page(
        directory, store_id=store_id, q=q, role=role, active=active, after=after, limit=limit, reader=reader
    )


@get("/v1/staff/{staff_id:str}", opt=staff("staff.read"), tags=["staff"])
async def read_person(staff_id: Id, request: Asked) -> people.PersonView:
    """Tell who a person of the staff is, with their roles."""
    return _person(context(request), staff_id)


@post("/v1/staff", opt=staff("staff.edit"), tags=["staff"])
async def hire(data: JSONBody[people.NewPerson], request: Asked) -> people.PersonView:
    """Make an account; it gives no right until a role is given."""
    ctx = context(request)
    await people.hire(data, ctx=ctx)
    await ctx.refresh()
    return _person(ctx, data.id)


@post("/v1/staff/{staff_id:str}/roles", opt=staff("staff.edit"), tags=["staff"], status_code=200)
async def give_role(staff_id: Id, data: JSONBody[people.RoleAt], request: Asked) -> people.PersonView:
    """Give a person a role at a store, or in the whole brand."""
    ctx = context(request)
    await _run(ctx, people.give_role(staff_id, data, actor=ctx.actor, at=ctx.now))
    return _person(ctx, staff_id)


@delete("/v1/staff/{staff_id:str}/roles/{role:str}", opt=staff("staff.edit"), tags=["staff"], status_code=200)
async def take_role(
    staff_id: Id, role: FromPath[Role], request: Asked, store_id: OptionalId = None
) -> people.PersonView:
    """Take a role at a store from a person, or, without one, that in the whole brand."""
    ctx = context(request)
    asked = people.RoleAt(role=role, store_id=store_id)
    await _run(ctx, people.take_role(staff_id, asked, actor=ctx.actor, at=ctx.now))
    return _person(ctx, staff_id)


@post("/v1/staff/{staff_id:str}/switch", opt=staff("staff.edit"), tags=["staff"], status_code=200)
async def switch_person(staff_id: Id, data: JSONBody[Activate], request: Asked) -> people.PersonView:
    """Deactivate a person, or take them back; all their sessions end."""
    ctx = context(request)
    await _run(ctx, people.switch(staff_id, active=data.active, reason=data.reason, actor=ctx.actor, at=ctx.now))
    return _person(ctx, staff_id)


@put("/v1/staff/{staff_id:str}/password", opt=staff("staff.edit"), tags=["staff"], status_code=204)
async def give_password(staff_id: Id, data: JSONBody[passwords.GivePassword], request: Asked) -> None:
    """Give a person another password; they are signed out everywhere, and no longer locked."""
    ctx = context(request)
    await passwords.give_password(staff_id, data, ctx=ctx)
    await ctx.refresh()


@put("/v1/staff/{staff_id:str}/pin", opt=staff("staff.edit"), tags=["staff"], status_code=204)
async def give_pin(staff_id: Id, data: JSONBody[passwords.GivePin], request: Asked) -> None:
    """Give a person another PIN."""
    await passwords.give_pin(staff_id, data, ctx=context(request))


# Terminals


@post("/v1/terminals/pairings", opt=staff("terminal.pair"), tags=["terminals"])
async def open_pairing(data: JSONBody[terminals.NewPairing], request: Asked) -> terminals.PairingCode:
    """Make a code with which one device can be paired, once, within ten minutes."""
    ctx = context(request)
    keyring = ctx.process.keyring
    return await ctx.run(terminals.open_pairing(data, keyring=keyring, actor=ctx.actor, at=ctx.now))


@post("/v1/terminals/pair", opt=anybody(), tags=["terminals"])
async def pair(data: JSONBody[terminals.Pair], request: Asked) -> terminals.Paired:
    """Pair the device that sends a code."""
    ctx = context(request)
    paired = await terminals.pair(data, address=address_of(request), ctx=ctx)
    await ctx.refresh()
    return paired


@get("/v1/terminals", opt=staff("terminal.pair"), tags=["terminals"])
async def list_terminals(
    request: Asked,
    store_id: OptionalId = None,
    q: Sought = "",
    kind: FromQuery[terminals.Kind | None] = None,
    revoked: FromQuery[bool | None] = None,
    before: OptionalId = None,
    limit: Limit = 50,
) -> list[terminals.TerminalView]:
    """List the terminals that one may revoke, the newest first; `before` is the last terminal of the page before, `q` what a name holds."""
    ctx = context(request)
    directory, reader = ctx.see(Directory), ctx.actor
    return terminals.page(
        directory, store_id=store_id, q=q, kind=kind, revoked=revoked, before=before, limit=limit, reader=reader
    )


@post("/v1/terminals/{terminal_id:str}/revoke", opt=staff("terminal.pair"), tags=["terminals"], status_code=200)
async def revoke_terminal(terminal_id: Id, data: JSONBody[Revoke], request: Asked) -> terminals.TerminalView:
    """Revoke a terminal: it stops at its next contact, and whoever is signed in at it too."""
    ctx = context(request)
    return await _run(ctx, terminals.revoke(terminal_id, reason=data.reason, actor=ctx.actor, at=ctx.now))


@get("/v1/stores/{store_id:str}/approvers", opt=staff("order.read"), tags=["staff"])
async def list_approvers(
    store_id: Id, request: Asked, permission: Annotated[str, QueryParameter(max_length=40)]
) -> list[terminals.Colleague]:
    """List who may approve at a store what one may not do oneself: those with the permission that it takes."""
    ctx = context(request)
    ctx.actor.need("order.read", store_id=store_id)
    return terminals.approvers(ctx.see(Directory), store_id, permission=permission, but=ctx.actor.id)


@get("/v1/terminals/staff", opt=terminal(), tags=["terminals"])
async def list_colleagues(request: Asked) -> list[terminals.Colleague]:
    """List who may sign in by PIN at the terminal that asks."""
    ctx = context(request)
    return terminals.colleagues(ctx.see(Directory), ctx.actor.store_id or "")


@post("/v1/terminals/pin-sign-in", opt=terminal(), tags=["terminals"], status_code=200)
async def pin_sign_in(data: JSONBody[sign_in.PinSignIn], request: Asked) -> sign_in.SignedIn:
    """Let a person take over the terminal that asks; whoever worked at it is signed out there."""
    ctx = context(request)
    signed_in = await sign_in.pin_sign_in(data, ctx=ctx)
    await ctx.refresh()
    return signed_in


# Sessions, of members and staff alike


@post("/v1/sessions/refresh", opt=anybody(), tags=["sessions"], status_code=200)
async def refresh(data: JSONBody[devices.Refresh], request: Asked) -> TokenPair:
    """Give a device new tokens for its refresh token."""
    return await devices.refresh(data, ctx=context(request))


@get("/v1/sessions", opt=PEOPLE, tags=["sessions"])
async def list_devices(request: Asked) -> list[devices.Device]:
    """List the devices on which one is signed in."""
    ctx = context(request)
    return await ctx.query(devices.mine(ctx.actor, at=ctx.now))


@delete("/v1/sessions/{session_id:str}", opt=PEOPLE, tags=["sessions"])
async def end_device(session_id: Id, request: Asked) -> None:
    """Sign one of one's devices out."""
    ctx = context(request)
    await _run(ctx, sessions.end_own(subject_id=ctx.actor.id, session_id=session_id, at=ctx.now))


@delete("/v1/sessions", opt=PEOPLE, tags=["sessions"])
async def end_devices(request: Asked) -> None:
    """Sign all of one's devices out."""
    ctx = context(request)
    await _run(ctx, sessions.end_own(subject_id=ctx.actor.id, session_id=None, at=ctx.now))


ROUTES: list[Any] = [
    read_brand, name_brand, list_stores, read_store, make_store, change_store, switch_store, set_day, drop_day, list_areas, make_area,
    rename_area, list_tables, make_tables, change_table, scan_table, staff_sign_in, who_am_i, change_my_password, change_my_pin, list_staff,
    read_person, hire, give_role, take_role, switch_person, give_password, give_pin, open_pairing, pair, list_terminals, list_approvers,
    revoke_terminal,
    list_colleagues, pin_sign_in, refresh, list_devices, end_device, end_devices,
]  # fmt: skip
