"""The demo brand, seeded through the public commands of the rooms.

Every id is derived from a name, so a seed that stopped half-way is completed by the next.  The brand gets its name last: a house whose
brand has a name is left as it is, whoever gave it, and looking at that costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog

from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from goodtaste.org import api as org
from goodtaste.promo import api as promo
from goodtaste.twin import brand_floor, brand_menu, data
from goodtaste.twin.data import MemberData, OfferData, PersonData, PlanData, StoreData, TemplateData, id_of

WHY = "演示品牌"  # the reason that the audit log and the members read

log = structlog.get_logger()


class SignIn(msgspec.Struct, frozen=True):
    """How somebody of the demo staff signs in: by password at a desk, and, where there is a PIN, at a paired terminal of their store."""

    login: str
    name: str
    role: str
    store: str
    store_name: str
    staff_id: str
    password: str
    pin: str


async def seed(process: Process) -> bool:
    """Make the demo brand, or complete it; tell whether there was anything to do.  A house with a named brand is left alone."""
    ctx = process.context()
    if ctx.see(org.Directory).brand.name:
        return False
    told = data.brand()
    for store in told.stores:
        await _store(ctx, store)
    await ctx.refresh()
    hashes = {secret: await ctx.part(org.Passwords).hash(secret) for secret in told.secrets.values()}
    for person in told.staff:
        await _person(ctx, person, told.secrets, hashes)
    await brand_menu.seed(ctx, [id_of("store", store.code) for store in told.stores])
    await _program(ctx, told.program)
    for template in told.templates:
        await ctx.run(promo.make(_template(template), ground=promo.ground(ctx), actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    for offer in told.offers:
        known = promo.known_here(ctx)
        made = await ctx.run(promo.make_offer(_offer(offer), known_here=known, actor=ctx.actor, at=ctx.now))
        published = promo.Publish(version=made.version)
        await ctx.run(promo.publish(made.id, published, known_here=known, actor=ctx.actor, at=ctx.now))
    for plan in told.plans:
        await ctx.run(promo.make_plan(_plan(plan), program=ctx.see(members.Program), actor=ctx.actor, at=ctx.now))
    for member in told.members:
        await _member(ctx, member)
    named = org.Named(name=told.brand.name, name_en=told.brand.name_en)
    await ctx.run(org.name_brand(named, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    log.info("demo_brand_seeded", stores=len(told.stores), dishes=len(data.menu().dishes), staff=len(told.staff))
    return True


def sign_ins() -> list[SignIn]:
    """Return how the demo staff sign in."""
    told = data.brand()
    names = {store.code: store.name for store in told.stores}
    return [
        SignIn(
            login=each.login,
            name=each.name,
            role=each.role,
            store=each.store,
            store_name=names.get(each.store, ""),
            staff_id=id_of("staff", each.login),
            password=told.secrets["password"],
            pin=told.secrets[each.pin] if each.pin else "",
        )
        for each in told.staff
    ]


async def _store(ctx: Ctx, store: StoreData) -> None:
    """Make a store with its areas, tables and floor, and open it once all of it stands."""
    store_id = id_of("store", store.code)
    found = ctx.see(org.Directory).stores.get(store_id)
    if found is not None and found.open:
        return
    given = {name: getattr(store, name) for name in _DETAILS}
    hours = tuple(
        org.Hours(day, span.opens, span.closes) for span in data.brand().hours[store.hours] for day in span.days
    )
    await ctx.run(
        org.make_store(org.NewStore(id=store_id, hours=hours, fees=FEES, **given), actor=ctx.actor, at=ctx.now)
    )
    for area in store.areas:
        name = f"{store.code}/{area.name}"
        made = org.NewArea(id=id_of("area", name), name=area.name)
        await ctx.run(org.make_area(store_id, made, actor=ctx.actor, at=ctx.now))
        tables = org.NewTables(id=id_of("tables", name), area_id=made.id, labels=area.labels, seats=area.seats)
        await ctx.run(org.make_tables(store_id, tables, actor=ctx.actor, at=ctx.now))
    await brand_floor.seed(ctx, store.code)
    await ctx.run(org.switch_store(store_id, open_=True, reason=WHY, actor=ctx.actor, at=ctx.now))


FEES = org.StoreFees(
    delivers=True, delivery_fen=600, delivery_minimum_fen=3_000
)  # of what is brought; all else is as the menu says
_DETAILS = (
    "code",
    "name",
    "name_en",
    "city",
    "address",
    "address_en",
    "phone",
    "latitude_e6",
    "longitude_e6",
    "licence",
    "tables_pay",
)


async def _person(ctx: Ctx, person: PersonData, secrets: Mapping[str, str], hashes: Mapping[str, str]) -> None:
    """Hire a person, give them their PIN, and last their role."""
    staff_id, directory = id_of("staff", person.login), ctx.see(org.Directory)
    if directory.roles.get(staff_id):
        return
    if staff_id not in directory.staff:
        password = secrets["password"]
        asked = org.NewPerson(id=staff_id, login=person.login, name=person.name, password=password)
        await org.hire(asked, ctx=ctx, hashed=hashes[password])
    if person.pin:
        pin = secrets[person.pin]
        await org.give_pin(staff_id, org.GivePin(pin=pin), ctx=ctx, hashed=hashes[pin])
    place = org.RoleAt(role=person.role, store_id=id_of("store", person.store) if person.store else None)
    await ctx.run(org.give_role(staff_id, place, actor=ctx.actor, at=ctx.now))


async def _program(ctx: Ctx, terms: Mapping[str, int]) -> None:
    """Let the program say what the brand says beside what the house comes with."""
    now = msgspec.to_builtins(await ctx.query(members.read_program()))
    asked = msgspec.convert(now | terms | {"reason": WHY}, members.ProgramChange)
    await ctx.run(members.change_program(asked, directory=ctx.see(org.Directory), actor=ctx.actor, at=ctx.now))
    await ctx.refresh()


def _template(told: TemplateData) -> promo.NewTemplate:
    given = {name: getattr(told, name) for name in TemplateData.__struct_fields__ if name not in ("key", "dishes")}
    dishes = tuple(id_of("dish", code) for code in told.dishes)
    return promo.NewTemplate(id=id_of("template", told.key), dish_ids=dishes, **given)


def _offer(told: OfferData) -> promo.Terms:
    benefit = dict(told.benefit)
    if "dish_ids" in benefit:
        benefit["dish_ids"] = [id_of("dish", code) for code in benefit["dish_ids"]]
    given = {name: getattr(told, name) for name in ("name", "name_en", "conditions", "groups")}
    offer = given | {"id": id_of("offer", told.key), "benefit": benefit}
    return msgspec.convert({"offer": offer, "cost_centre": told.cost_centre}, promo.Terms)


def _plan(told: PlanData) -> promo.NewPlan:
    benefits = [
        each | ({"template_id": id_of("template", each["template_id"])} if "template_id" in each else {})
        for each in told.benefits
    ]
    given = msgspec.structs.asdict(told) | {"id": id_of("plan", told.code), "family": "club", "benefits": benefits}
    return msgspec.convert(given, promo.NewPlan)


async def _member(ctx: Ctx, told: MemberData) -> None:
    """Let somebody join by phone, with a name, points and coupons."""
    program, keyring, today = ctx.see(members.Program), ctx.process.keyring, ctx.see(members.Program).calendar
    joining = members.sign_in(
        members.Proof(phone=f"+86{told.phone}"),
        session_id=new_id(),
        device=WHY,
        language=told.language,
        program=program,
        keyring=keyring,
        at=ctx.now,
    )
    _, row, _ = await ctx.run(joining)
    birthday = members.Birthday(month=told.birthday.month, day=told.birthday.day) if told.birthday else None
    profile = members.ProfilePatch(nickname=told.nickname, gender=told.gender, city=told.city, birthday=birthday)
    await ctx.run(members.change_profile(row.id, asked=profile, today=today.business_date(ctx.now), at=ctx.now))
    if told.points:
        gift = members.Adjustment(id=id_of("points", told.phone), points=told.points, reason=WHY)
        await ctx.run(
            members.adjust(
                gift,
                member_id=row.id,
                actor=ctx.actor,
                approved_by=None,
                program=program,
                today=today.business_date(ctx.now),
                at=ctx.now,
            )
        )
    for key in told.coupons:
        coupon = promo.Issue(
            id=id_of("coupon", f"{told.phone}/{key}"),
            template_id=id_of("template", key),
            member_id=row.id,
            reason=WHY,
        )
        await ctx.run(promo.issue(coupon, actor=ctx.actor, at=ctx.now))
