"""Printers in the shop's words: sandbox printers on this machine, and a worker that serves them when a test says so."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import Any

from goodtaste.floor.printing.emulator import Printed
from goodtaste.floor.printing.network import Network
from goodtaste.floor.printing.sandbox_printer import SandboxPrinter
from goodtaste.floor.printing.tokens import receipt_token
from goodtaste.floor.printing.worker import PrintWorker
from goodtaste.kernel.ids import new_id
from tests import org_kit
from tests.shop_kit import Floor, Store

QUIET_S = 0.02


def a_printer_asked(*without_id: str) -> dict[str, Any]:
    """Return what is sent to add a printer that is not there; with an argument, to change one."""
    asked = {"name": f"打印机 {org_kit.serial()}", "kind": "escpos", "address": "10.0.0.9:9100", "purposes": ["test"]}
    return asked if without_id else asked | {"id": new_id()}


async def a_job(floor: Floor) -> dict[str, str]:
    """Have a printer that is not there, and a job that waits for it."""
    made = await floor.done(
        "POST", f"/v1/stores/{floor.store.id}/printers", a_printer_asked(), floor.at("store_manager")
    )
    job = await floor.done("POST", f"/v1/printers/{made['id']}/test", {"id": new_id()}, floor.at("cashier"))
    return {"printer_id": made["id"], "job_id": job["id"]}


def a_buyer(**fields: Any) -> dict[str, Any]:
    """Return what is sent to ask for an invoice."""
    return {"id": new_id(), "kind": "person", "title": "小满", "email": "man@example.com"} | fields


def token_of(floor: Floor, order: Any) -> str:
    """Return the code on the receipt of an order."""
    paid_at = datetime.fromisoformat(order["paid_at"])
    return receipt_token(order["id"], paid_at=paid_at, keyring=floor.process.keyring)


async def an_invoice(floor: Floor) -> dict[str, str]:
    """Have a paid order, its receipt, and an invoice that was asked for."""
    order = await floor.bought()
    token = token_of(floor, order)
    made = await floor.done("POST", f"/v1/receipts/{token}/invoice", a_buyer())
    return {"token": token, "invoice_id": made["id"]}


class Desk:
    """A store's printers in a test."""

    def __init__(self, floor: Floor, store: Store) -> None:
        self.floor, self.store, self.printers = floor, store, list[SandboxPrinter]()
        self.worker = self.a_worker()

    def a_worker(self, **transports: Any) -> PrintWorker:
        """Return a worker, as a process makes one, that is quick to ask."""
        network = Network(answer_s=QUIET_S * 10, trouble_s=QUIET_S * 50, quiet_s=QUIET_S)
        return PrintWorker(self.floor.db, {"escpos": network, "tspl": network, **transports}, clock=self.floor.hands)

    async def a_printer(self, name: str = "前台", **fields: Any) -> tuple[str, SandboxPrinter]:
        """Put a printer on the network and add it to the store; return its id and itself."""
        label = fields.get("kind") == "tspl"
        printer = SandboxPrinter(label=label)
        host = ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])
        await printer.listen(host, 9100)
        self.printers.append(printer)
        asked = {
            "id": new_id(), "name": name, "kind": "escpos", "address": f"{host}:9100", "purposes": ["receipt", "test", "report"],
            "paper_mm": 40 if label else 80,
        } | fields  # fmt: skip
        made = await self.done("POST", f"/v1/stores/{self.store.id}/printers", asked, "store_manager")
        return made["id"], printer

    async def done(self, method: str, path: str, body: Any = None, role: str = "cashier") -> Any:
        """Send a request as somebody of the store."""
        return await self.floor.done(method, path, body, self.floor.at(role, self.store))

    async def refuses(self, method: str, path: str, body: Any = None, role: str = "cashier") -> str:
        """Send a request as somebody of the store that is refused; return the code."""
        return await self.floor.refuses(method, path, body, self.floor.at(role, self.store))

    async def test_page(self, printer_id: str) -> str:
        """Ask for a test page; return the job."""
        return str((await self.done("POST", f"/v1/printers/{printer_id}/test", {"id": new_id()}))["id"])

    async def serve(self, worker: PrintWorker | None = None) -> None:
        """Let a worker do what is due, until it does no more."""
        worker = worker or self.worker
        async with asyncio.timeout(30):
            await worker.turn()
            await worker.rest()

    async def job(self, job_id: str) -> Any:
        """Return a job as staff see it."""
        return (await self.done("GET", f"/v1/print-jobs/{job_id}"))["job"]

    async def steps(self, job_id: str) -> list[tuple[str, str]]:
        """Return what happened to a job: states and why."""
        found = await self.done("GET", f"/v1/print-jobs/{job_id}")
        return [(each["state"], each["why"]) for each in found["steps"]]

    async def jobs(self, show: str = "all") -> list[Any]:
        """Return the jobs of the store, newest first."""
        return list((await self.done("GET", f"/v1/stores/{self.store.id}/print-jobs?show={show}"))["jobs"])

    async def close(self) -> None:
        """Unplug every printer."""
        for each in self.printers:
            await each.unplug()


def words(slip: list[Any]) -> str:
    """Return the text of a slip."""
    return "\n".join(each.text for each in slip if isinstance(each, Printed))
