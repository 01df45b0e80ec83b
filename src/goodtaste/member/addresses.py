"""Where members have food brought to: a few addresses of each, sealed under the member's key, one of them the first choice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, delete, select, update

from goodtaste.kernel.db import (
    GuardBroken,
    Id,
    Int,
    Moment,
    Query,
    Read,
    Steps,
    Str,
    change,
    create_table,
    first,
    id_column,
    insert,
    par,
    put,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input, Line, Name
from goodtaste.kernel.secrets import Keyring
from goodtaste.member import phone as phones
from goodtaste.member import vault
from goodtaste.member.record import MEMBER, one

ADDRESSES_MAX = 20
BOUND_TO = "address"

address = create_table(
    "member_address",
    id_column(),
    Column("member_id", Id, ForeignKey("member_member.id"), nullable=False),
    Column("nth", Int, nullable=False),
    Column("sealed", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("member_id", "nth", name="member_address_nth"),
    CheckConstraint(f"nth BETWEEN 1 AND {ADDRESSES_MAX}", name="member_address_full"),
)
"""`nth` is a place among so many that there are for each; `sealed`: who, which number and where, as JSON."""

chosen = create_table(
    "member_address_chosen",
    Column("member_id", Id, ForeignKey("member_member.id"), primary_key=True),
    Column("address_id", Id, nullable=False),
    Index("member_address_chosen_idx", "address_id"),
    narrow=True,
)
"""The address that a member has food brought to, unless they say otherwise."""


class AddressesFull(Refusal):
    """Raised when a member has as many addresses as there is room for.  Facts: `most`."""

    code = "member.addresses_full"
    guards = ("member_address_full",)


class AddressUnknown(Refusal):
    """Raised for an address that does not exist or is somebody else's.  Facts: `address_id`."""

    code = "member.address_unknown"
    status = 404


class PutAddress(Input, frozen=True):
    """What is sent to add an address, or to write it anew: who takes it, their mobile number, the area, the house and door."""

    name: Name
    phone: Annotated[str, msgspec.Meta(max_length=24, pattern=r"^[0-9+() \-]*$(?!\n)")]
    area: Annotated[Line, msgspec.Meta(min_length=1)]
    detail: Annotated[Line, msgspec.Meta(min_length=1)]
    chosen: bool = False


class AddressView(msgspec.Struct, frozen=True):
    """An address; `chosen`: the first choice."""

    id: str
    name: str
    phone: str
    area: str
    detail: str
    chosen: bool


class WhereTo(msgspec.Struct, frozen=True):
    """Who takes what is brought, their number, and where."""

    name: str
    phone: str
    area: str
    detail: str


class AddressRow(msgspec.Struct, frozen=True):
    """An address as its row has it; `sealed` opens with the member's key alone."""

    id: str
    member_id: str
    nth: int
    sealed: str


class _Chosen(msgspec.Struct, frozen=True):
    address_id: str


_COLUMNS = [address.c[name] for name in AddressRow.__struct_fields__]
MINE = Read(
    select(*_COLUMNS).where(address.c.member_id == par("member_id", Id)).order_by(address.c.nth).limit(ADDRESSES_MAX),
    AddressRow,
)
ONE = Read(select(*_COLUMNS).where(address.c.id == par("id", Id)), AddressRow)
CHOSEN = Read(select(chosen.c.address_id).where(chosen.c.member_id == par("member_id", Id)), _Chosen)
NEW = insert(address)
CHANGE = change(
    update(address)
    .where(address.c.id == par("id", Id), address.c.member_id == par("member_id", Id))
    .values(sealed=par("sealed", Str), changed_at=par("at", Moment)),
    guard="member_address_gone",
)
CHOOSE = put(chosen, key=["member_id"])
TAKE = change(delete(address).where(address.c.id == par("id", Id), address.c.member_id == par("member_id", Id)))
UNCHOOSE = change(
    delete(chosen).where(chosen.c.member_id == par("member_id", Id), chosen.c.address_id == par("id", Id))
)


class Vault(msgspec.Struct, frozen=True):
    """What opens the addresses of a member."""

    member_id: str
    wrapped_key: str
    keyring: Keyring

    def seal(self, said: WhereTo) -> str:
        """Encrypt an address."""
        text = msgspec.json.encode(said).decode()
        return vault.seal_text(
            text, bound_to=BOUND_TO, member_id=self.member_id, wrapped_key=self.wrapped_key, keyring=self.keyring
        )

    def open(self, sealed: str) -> WhereTo:
        """Decrypt an address."""
        text = vault.open_text(
            sealed, bound_to=BOUND_TO, member_id=self.member_id, wrapped_key=self.wrapped_key, keyring=self.keyring
        )
        return msgspec.json.decode(text, type=WhereTo)


def _vault(member_id: str, keyring: Keyring) -> Steps[Vault]:
    [found] = yield [MEMBER(id=member_id)]
    one(found, member_id)
    secret = yield from first(vault.secret_of(member_id))
    return Vault(member_id, secret.wrapped_key if secret else "", keyring)


def _shown(found: Sequence[AddressRow], first_choice: str | None, opens: Vault) -> list[AddressView]:
    shown = []
    for each in found:
        said = opens.open(each.sealed)
        shown.append(AddressView(each.id, said.name, said.phone, said.area, said.detail, each.id == first_choice))
    return sorted(shown, key=lambda each: not each.chosen)


@script
def of_member(member_id: str, *, keyring: Keyring) -> Steps[list[AddressView]]:
    """Return a member's addresses, the first choice first."""
    opens = yield from _vault(member_id, keyring)
    found = yield from rows(MINE(member_id=member_id))
    picked = yield from first(CHOSEN(member_id=member_id))
    return _shown(found, picked.address_id if picked else None, opens)


def one_address(address_id: str) -> Query[AddressRow]:
    """Return the query for an address."""
    return ONE(id=address_id)


def opened(sealed: str, *, member_id: str, keyring: Keyring) -> Steps[WhereTo]:
    """Return what is sealed of an address; refuses `MemberUnknown`."""
    opens = yield from _vault(member_id, keyring)
    return opens.open(sealed)


@script
def write(
    address_id: str, asked: PutAddress, *, member_id: str, keyring: Keyring, at: datetime
) -> Steps[list[AddressView]]:
    """Add an address, or write it anew, and return all; the first one is the first choice.

    Refuses `BadPhone`, `AddressesFull`, and `AddressUnknown` for an id of somebody else's.
    """
    said = WhereTo(asked.name.strip(), phones.normalised(asked.phone), asked.area.strip(), asked.detail.strip())
    opens = yield from _vault(member_id, keyring)
    known = yield from first(ONE(id=address_id))
    if known is not None and known.member_id != member_id:
        raise AddressUnknown(address_id=address_id)
    found = yield from rows(MINE(member_id=member_id))
    picked = yield from first(CHOSEN(member_id=member_id))
    choose = asked.chosen or not found
    changes = [CHOOSE(member_id=member_id, address_id=address_id)] if choose else []
    sealed = opens.seal(said)
    if known is not None:
        changes.append(CHANGE(id=address_id, member_id=member_id, sealed=sealed, at=at))
        after = [msgspec.structs.replace(each, sealed=sealed) if each.id == address_id else each for each in found]
    else:
        free = {*range(1, ADDRESSES_MAX + 1)} - {each.nth for each in found}
        if not free:
            raise AddressesFull(most=ADDRESSES_MAX)
        row = AddressRow(address_id, member_id, min(free), sealed)
        changes.append(NEW(**msgspec.structs.asdict(row), made_at=at, changed_at=at))
        after = [*found, row]
    try:
        yield changes
    except GuardBroken as broken:
        if broken.name not in ("member_address_nth", "member_address_pkey", "member_address_gone"):
            raise
        return (yield from write(address_id, asked, member_id=member_id, keyring=keyring, at=at))
    first_choice = address_id if choose else (picked.address_id if picked else None)
    return _shown(after, first_choice, opens)


@script
def take(address_id: str, *, member_id: str) -> Steps[None]:
    """Take an address out; written again under its id, it is back."""
    yield [TAKE(id=address_id, member_id=member_id), UNCHOOSE(id=address_id, member_id=member_id)]
