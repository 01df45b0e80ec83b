"""The brand: its name, in two languages, and its currency."""

from __future__ import annotations

from datetime import datetime

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, put, script, together
from goodtaste.kernel.input import Input, Name
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.org.directory import BRAND, Brand
from goodtaste.org.tables import SNAPSHOT, brand

CURRENCY = "CNY"  # the ledger, the receipts and the tenders reckon in fen

SET = put(brand, key=["id"])


class Named(Input, frozen=True):
    """What the brand is called."""

    name: Name
    name_en: Name


@script
def name_brand(asked: Named, *, actor: Actor, at: datetime) -> Steps[Brand]:
    """Give the brand its name, the first or another."""
    actor.need("org.edit")
    seen, found = yield from together(version_of(SNAPSHOT), BRAND())
    named = Brand(asked.name, asked.name_en, CURRENCY)
    if found == [named]:
        return named
    before = found[0].name if found else ""
    yield [
        moved_from(SNAPSHOT, seen),
        SET(id=1, name=named.name, name_en=named.name_en, currency=CURRENCY),
        audit.note(actor, "org.brand_named", subject="brand", at=at, before=before, name=named.name),
    ]
    return named
