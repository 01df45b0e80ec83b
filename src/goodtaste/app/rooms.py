"""The rooms of the house, and what each brings to a process: snapshots, parts, routes, handlers, jobs, proofs, sandboxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import httpx

from goodtaste.app import personal, proofs, proving
from goodtaste.channel import http as channel_http
from goodtaste.events.member import MemberErased, MemberJoined, PresentDue
from goodtaste.events.ordering import (
    LinesFired,
    LinesMoved,
    LinesReturned,
    MemberChanged,
    OrderAdvanced,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PartsChanged,
    RefundDeclined,
    RoundAdded,
    TableChanged,
)
from goodtaste.events.payment import DrawerOpened
from goodtaste.events.shop import PointsExchanged
from goodtaste.floor import api as floor
from goodtaste.floor.calls import http as calls_http
from goodtaste.floor.feedback import http as feedback_http
from goodtaste.floor.invoice import http as invoice_http
from goodtaste.floor.invoice import issuing as invoicing
from goodtaste.floor.invoice.issuer import PLACE as INVOICE
from goodtaste.floor.invoice.issuer import Invoices
from goodtaste.floor.invoice.sandbox import InvoiceSandbox
from goodtaste.floor.kitchen import hearing as kitchen_hearing
from goodtaste.floor.kitchen import http as kitchen_http
from goodtaste.floor.live import forgetting as live_forgetting
from goodtaste.floor.live import hearing as live_hearing
from goodtaste.floor.live import http as live_http
from goodtaste.floor.live.hub import Hub
from goodtaste.floor.printing import forgetting
from goodtaste.floor.printing import http as printing_http
from goodtaste.floor.printing import making as printing
from goodtaste.floor.printing.feie import PLACE as FEIE
from goodtaste.floor.printing.feie import Feie
from goodtaste.floor.printing.feie_sandbox import FeieSandbox
from goodtaste.floor.printing.network import Network
from goodtaste.floor.printing.sandbox_printer import PrintersInside
from goodtaste.floor.printing.transport import Transport
from goodtaste.floor.printing.worker import PrintWorker
from goodtaste.floor.seating import closing as floor_closing
from goodtaste.floor.seating import http as seating_http
from goodtaste.floor.seating import sending as floor_sending
from goodtaste.kernel import audit, bus, dead_letters, jobs, outbox, sessions, snapshot, sweep  # noqa: F401 - their tables
from goodtaste.kernel import night as nights
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.bus import Subscriptions
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import metadata
from goodtaste.kernel.edge import Ready
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.kernel.night import NightStep
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.member import handlers as member_handlers
from goodtaste.member import http as member_http
from goodtaste.member import jobs as member_jobs
from goodtaste.member import level_plan as member_plan
from goodtaste.member import levels as member_levels
from goodtaste.member import nights as member_nights
from goodtaste.member import notices as member_notices
from goodtaste.member import sandbox_sms, sandbox_wechat
from goodtaste.member.accounts import http as accounts_http
from goodtaste.member.level import http as level_http
from goodtaste.member.privacy import erasing
from goodtaste.member.privacy import http as privacy_http
from goodtaste.menu import api as menu
from goodtaste.menu import days as menu_days
from goodtaste.menu import http as menu_http
from goodtaste.ordering import forgetting as ordering_forgetting
from goodtaste.ordering import http as ordering_http
from goodtaste.ordering import jobs as ordering_jobs
from goodtaste.ordering import proof as ordering_proof
from goodtaste.ordering import sales as ordering_sales
from goodtaste.ordering import wallet as ordering_wallet
from goodtaste.ordering.asks import http as asks_http
from goodtaste.ordering.bill import http as bill_http
from goodtaste.ordering.control import http as control_http
from goodtaste.ordering.courier import http as courier_http
from goodtaste.ordering.dry_run import http as dry_run_http
from goodtaste.ordering.dry_run.run import Desk
from goodtaste.ordering.overview import http as overview_http
from goodtaste.org import api as org
from goodtaste.org import http as org_http
from goodtaste.org import jobs as org_jobs
from goodtaste.payment import api as payments
from goodtaste.payment import http as payment_http
from goodtaste.payment.gateways import opening
from goodtaste.promo import api as promo
from goodtaste.promo import handlers as promo_handlers
from goodtaste.promo import http as promo_http
from goodtaste.promo import jobs as promo_jobs
from goodtaste.promo import presents as promo_presents
from goodtaste.promo.bulk import http as bulk_http
from goodtaste.promo.offers import http as offers_http
from goodtaste.promo.shop import http as shop_http
from goodtaste.promo.subscription import attending as subscription_jobs
from goodtaste.promo.subscription import http as subscription_http
from goodtaste.promo.subscription import proof as subscription_proof
from goodtaste.twin import http as twin_http

TABLES = metadata
WECHAT, SMS = "/sandbox/wechat", "/sandbox/sms"

ROUTES: list[Any] = [
    *channel_http.ROUTES,
    *org_http.ROUTES,
    *menu_http.ROUTES,
    *member_http.ROUTES,
    *accounts_http.ROUTES,
    *proving.ROUTES,
    *level_http.ROUTES,
    *privacy_http.ROUTES,
    *ordering_http.ROUTES,
    *asks_http.ROUTES,
    *control_http.ROUTES,
    *overview_http.ROUTES,
    *courier_http.ROUTES,
    *bill_http.ROUTES,
    *dry_run_http.ROUTES,
    *seating_http.ROUTES,
    *calls_http.ROUTES,
    *feedback_http.ROUTES,
    *kitchen_http.ROUTES,
    *live_http.ROUTES,
    *payment_http.ROUTES,
    *promo_http.ROUTES,
    *bulk_http.ROUTES,
    *offers_http.ROUTES,
    *shop_http.ROUTES,
    *subscription_http.ROUTES,
    *printing_http.ROUTES,
    *invoice_http.ROUTES,
    *twin_http.ROUTES,
]

PROOFS: Mapping[str, str] = {
    **ledger.PROOFS,
    **members.PROOFS,
    **payments.PROOFS,
    **promo.PROOFS,
    **subscription_proof.PROOFS,
    **ordering_proof.PROOFS,
    **floor.PROOFS,
    **proofs.PROOFS,
}

RECURRING: list[Every] = [
    nights.NIGHT,
    sweep.SWEEP,
    org_jobs.HOURLY,
    menu_days.RECURRING,
    *member_jobs.RECURRING,
    *promo_jobs.RECURRING,
    *member_notices.RECURRING,
    subscription_jobs.TURN,
    forgetting.FORGET,
    live_forgetting.FORGET,
    *payments.RECURRING,
]


def _zone_of(process: Process, actor: Actor) -> str:
    """Return the zone on whose clock times are told to who acts: that of the store they stand in, else the program's."""
    store = process.see(org.Directory).stores.get(actor.store_id or "")
    return store.zone if store else process.see(members.Program).calendar.zone


def furnish(process: Process) -> None:
    """Give a process the snapshots and parts of every room."""
    process.show(org.Directory, org.directory_snapshot())
    process.bring(org.Passwords())
    process.bring(personal.holdings())
    process.show(menu.MenuBook, menu.menu_snapshot())
    process.show(menu.Short, menu.short_snapshot())
    process.bring(menu.Pages())
    process.bring(Desk())
    process.bring(Hub(process.db))
    process.show(members.Program, members.program_snapshot())
    process.show(promo.LiveOffers, promo.live_offers_snapshot(process.clock))
    process.ended_sessions = process.snapshots.add(sessions.ended_snapshot(process.clock))
    process.resolve_actor = lambda claims: process.see(org.Directory).actor(claims)
    process.zone_of = lambda actor: _zone_of(process, actor)
    providers = opening.open_sandboxes(process.settings, clock=process.clock)
    if providers is not None:
        process.bring(providers)
    process.bring(opening.open_gateways(process.settings, sandboxes=providers, clock=process.clock))
    process.bring(opening.open_autopay(process.settings, sandboxes=providers, clock=process.clock))
    process.show(payments.ClosedDays, payments.closed_days_snapshot())
    process.bring(ordering_wallet.settlements(process))
    process.bring(ordering_sales.books())
    if process.settings.demo:
        process.bring(InvoiceSandbox(process.settings, process.clock))
        process.bring(FeieSandbox(process.settings, process.clock))
    local = sandboxes(process)
    process.bring(Invoices(process.settings, sandbox=local.get(INVOICE), clock=process.clock))
    process.bring(members.Wechat(process.settings, sandbox=local.get(WECHAT)))
    process.bring(members.Sms(process.settings, sandbox=local.get(SMS)))
    network = Network(connect=PrintersInside().connect) if process.settings.demo else Network()
    cloud = Feie(process.settings, sandbox=local.get(FEIE), clock=process.clock)
    process.bring(cloud)
    transports: Mapping[str, Transport] = {"escpos": network, "tspl": network, "feie": cloud}
    process.bring(PrintWorker(process.db, transports, clock=process.clock))


async def clear(process: Process) -> None:
    """Give back what the rooms hold beside the database."""
    await process.part(members.Wechat).close()
    await process.part(members.Sms).close()
    await process.part(Invoices).aclose()
    await process.part(Feie).aclose()
    await process.part(payments.Gateways).aclose()
    await process.part(payments.Autopays).aclose()
    if process.settings.demo:
        await process.part(opening.Sandboxes).aclose()
        await process.part(FeieSandbox).aclose()


def sandboxes(process: Process) -> Mapping[str, Any]:
    """Return the sandboxes of third parties by the place they stand at, in a demonstration."""
    if not process.settings.demo:
        return {}
    return {
        **{each.place: each for each in process.part(opening.Sandboxes).all},
        WECHAT: sandbox_wechat.sandbox(process),
        SMS: sandbox_sms.sandbox(process),
        INVOICE: process.part(InvoiceSandbox),
        FEIE: process.part(FeieSandbox),
    }


def connect(process: Process, app: Any) -> None:
    """Let the sandboxes reach this deployment without leaving the process."""
    if process.settings.demo:
        for each in [*process.part(opening.Sandboxes).all, process.part(FeieSandbox)]:
            each.client = httpx.AsyncClient(mounts={process.settings.public_url: httpx.ASGITransport(app)})


def ready(process: Process) -> Callable[[Any], Ready | None]:
    """Return what answers, without the framework, the pages that everybody reads and that lie ready: the menus of the stores."""
    return menu_http.ready(process)


def errands(process: Process) -> list[Any]:
    """Return what runs beside the requests of a process, for as long as it does."""
    sandboxed = [*process.part(opening.Sandboxes).all, process.part(FeieSandbox)] if process.settings.demo else []
    return [process.part(Hub).run(), *(each.run() for each in sandboxed)]


def duties(process: Process) -> list[Any]:
    """Return what runs beside events and jobs where a process leads."""
    return [process.part(PrintWorker).run()]


def subscriptions() -> Subscriptions:
    """Return who hears what."""
    heard = Subscriptions()
    heard.add(OrderPaid, "member.on_paid", member_handlers.on_paid)
    heard.add(OrderCompleted, "member.on_completed", member_handlers.on_completed)
    heard.add(PresentDue, "promo.on_present_due", promo_presents.on_present_due)
    heard.add(OrderRefunded, "member.on_refunded", member_handlers.on_refunded)
    heard.add(PointsExchanged, "member.on_exchanged", member_handlers.on_exchanged)
    heard.add(MemberJoined, "promo.on_joined", promo_handlers.on_joined)
    heard.add(OrderPaid, "promo.on_paid", promo_handlers.on_paid)
    heard.add(OrderRefunded, "promo.on_refunded", promo_handlers.on_refunded)
    heard.add(MemberErased, "ordering.on_erased", ordering_forgetting.on_erased)
    heard.add(OrderPlaced, "floor.seating_on_placed", floor_closing.on_placed)
    heard.add(OrderPaid, "floor.seating_on_paid", floor_closing.on_paid)
    heard.add(OrderPlaced, "floor.kitchen_on_placed", kitchen_hearing.on_order)
    heard.add(RoundAdded, "floor.kitchen_on_round", kitchen_hearing.on_order)
    heard.add(OrderPaid, "floor.kitchen_on_paid", kitchen_hearing.on_order)
    heard.add(LinesFired, "floor.kitchen_on_fired", kitchen_hearing.on_fired)
    heard.add(LinesReturned, "floor.kitchen_on_returned", kitchen_hearing.on_returned)
    heard.add(LinesMoved, "floor.kitchen_on_moved", kitchen_hearing.on_moved)
    heard.add(OrderCancelled, "floor.kitchen_on_cancelled", kitchen_hearing.on_cancelled)
    heard.add(TableChanged, "floor.kitchen_on_table", kitchen_hearing.on_table)
    heard.add(OrderPaid, "floor.print_paid", printing.on_paid)
    heard.add(OrderPlaced, "floor.print_placed", printing.on_fired)
    heard.add(RoundAdded, "floor.print_round", printing.on_fired)
    heard.add(LinesFired, "floor.print_fired", printing.on_fired)
    heard.add(LinesReturned, "floor.print_returned", printing.on_returned)
    heard.add(OrderCancelled, "floor.print_cancelled", printing.on_returned)
    heard.add(DrawerOpened, "floor.print_drawer", printing.on_drawer_opened)
    heard.add(OrderRefunded, "floor.invoice_refunded", invoicing.on_refunded)
    heard.add(LinesMoved, "floor.seating_on_moved", floor_closing.on_moved)
    heard.add(OrderCancelled, "floor.seating_on_cancelled", floor_sending.on_cancelled)
    heard.add(LinesMoved, "floor.live_on_lines_moved", live_hearing.on_lines_moved)
    heard.add(RoundAdded, "floor.live_on_bill", live_hearing.on_bill)
    heard.add(OrderPaid, "floor.live_on_progress", live_hearing.on_progress)
    heard.add(OrderRefunded, "floor.live_on_progress", live_hearing.on_progress)
    heard.add(RefundDeclined, "floor.live_on_progress", live_hearing.on_progress)
    heard.add(LinesReturned, "floor.live_on_bill", live_hearing.on_bill)
    heard.add(TableChanged, "floor.live_on_bill", live_hearing.on_bill)
    heard.add(MemberChanged, "floor.seating_on_member", floor_closing.on_member)
    heard.add(MemberChanged, "floor.live_on_bill", live_hearing.on_bill)
    heard.add(PartsChanged, "floor.live_on_bill", live_hearing.on_bill)
    heard.add(OrderAdvanced, "floor.live_on_progress", live_hearing.on_progress)
    heard.add(OrderCancelled, "floor.live_on_progress", live_hearing.on_progress)
    return heard


NIGHT_ORDER = (
    "member.expire",  # growth has left before levels are looked at
    "member.tell_expiring",  # of what is left
    "member.review_levels",
    "member.end_grants",
    "promo.expire",
    "member.birthdays",  # in the level of this day, and its coupon among those that have not run out
)


def night(process: Process) -> list[NightStep]:
    """Return what is done once for each business date, in the order in which it is done."""
    steps = {
        step.name: step
        for step in [*member_nights.steps(process), *member_notices.steps(process), *promo_jobs.night(process)]
    }
    if unplaced := steps.keys() - set(NIGHT_ORDER):
        raise ValueError(f"the night has no place for {sorted(unplaced)}")
    return [steps[name] for name in NIGHT_ORDER]


def tonight(process: Process) -> date:
    """Return the business date whose night has come: it has begun in every store."""
    return member_jobs.trading_day(process.see(org.Directory), process.see(members.Program), at=process.clock())


def job_functions(process: Process) -> dict[str, JobFunction]:
    """Return the function of each job."""
    return {
        sweep.SWEEP.name: sweep.sweep(process.db, process.clock),
        **org_jobs.functions(process),
        **menu_days.functions(process),
        nights.NIGHT.name: nights.night_job(
            process.db, night(process), today=lambda: tonight(process), clock=process.clock
        ),
        member_jobs.SWEEP.name: member_jobs.sweep(process),
        member_plan.CARRY_OUT: member_plan.carry_out_job(process),
        member_levels.SETTLE: member_levels.settle_job(process),
        erasing.ERASE: erasing.erase_job(process),
        promo_presents.GIVE: promo_presents.give_job(process),
        member_notices.LAPSE.name: member_notices.lapse(process),
        **payments.job_functions(process),
        **promo_jobs.functions(process),
        **ordering_jobs.functions(process),
        **subscription_jobs.job_functions(process),
        **printing.job_functions(process),
        forgetting.FORGET.name: forgetting.forget_job(process),
        live_forgetting.FORGET.name: live_forgetting.forget_job(process),
        **invoicing.job_functions(process),
    }
