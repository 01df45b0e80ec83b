"""All that is held on a member, as one archive that machines read: asked for with a proof, fetched by a link that soon runs out."""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Steps, first, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.secrets import Keyring
from goodtaste.member import vault
from goodtaste.member.privacy.holdings import PAGE, Held, Holdings
from goodtaste.member.privacy.proving import PrivacyProof, proven
from goodtaste.member.record import MEMBER, MemberRow, one

LINK_FOR = timedelta(minutes=10)
PURPOSE = "member.export"
MAC_BYTES = 16
ABOUT = """# 您的数据 / Your data

{at}

每个文件是一张表，一行一条记录（JSON Lines，UTF-8）；金额单位是分，时间是 UTC。
Each file is a table, one record a line (JSON Lines, UTF-8); amounts are in fen, times in UTC.

| 文件 file | 内容 content | 注销后 when erased |
|---|---|---|
"""
FATES = {
    "gone": "删除 deleted",
    "blanked": "去标识 blanked",
    "kept": "依法保留，不再指向您 kept by law, leads to nobody",
}


class LinkUnknown(Refusal):
    """Raised for a link to an archive that we did not make, or that has run out."""

    code = "member.export_unknown"
    status = 404


class ExportLink(msgspec.Struct, frozen=True):
    """Where the archive is fetched, and until when."""

    path: str
    until: datetime


async def export(ctx: Ctx, asked: PrivacyProof) -> ExportLink:
    """Return the link to the archive of who asks; audited.  Refuses what `proven` refuses."""
    await ctx.run(_noted(ctx.actor, await proven(ctx, asked), at=ctx.now))
    until = ctx.now + LINK_FOR
    return ExportLink(f"/v1/exports/{_token(ctx.actor.id, until, ctx.process.keyring)}", until)


@script
def _noted(actor: Actor, used: list[Change], *, at: datetime) -> Steps[None]:
    yield [*used, audit.note(actor, "member.exported", subject=f"member/{actor.id}", at=at)]


async def archive(ctx: Ctx, token: str) -> AsyncIterator[bytes]:
    """Return the archive that a link leads to, piece by piece.  Refuses `LinkUnknown`, `MemberUnknown`."""
    member_id = member_of(token, keyring=ctx.process.keyring, at=ctx.now)
    row, wrapped = await ctx.query(_of(member_id))
    return _pieces(ctx, row, wrapped)


@script
def _of(member_id: str) -> Steps[tuple[MemberRow, str]]:
    [found] = yield [MEMBER(id=member_id)]
    secret = yield from first(vault.secret_of(member_id))
    return one(found, member_id), secret.wrapped_key if secret else ""


async def _pieces(ctx: Ctx, row: MemberRow, wrapped: str) -> AsyncIterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as made:
        keyring = ctx.process.keyring
        phone = row.phone_sealed and vault.open_phone(
            row.phone_sealed, member_id=row.id, wrapped_key=wrapped, keyring=keyring
        )
        made.writestr("profile.json", msgspec.json.encode({"id": row.id, "phone": phone, "nickname": row.nickname}))
        held = ctx.part(Holdings).held
        about = [ABOUT.format(at=ctx.now.isoformat())]
        for each in held:
            name, said = f"{each.holding.table.name}.jsonl", each.holding.say
            about.append(f"| {name} | {said[0]} {said[1]} | {FATES[each.holding.fate]} |\n")
            with made.open(name, "w", force_zip64=True) as file:
                async for lines in _lines(ctx, each, row.id, wrapped):
                    file.write(lines)
                    yield sink.take()
        made.writestr("README.md", "".join(about))
    yield sink.take()


async def _lines(ctx: Ctx, each: Held, member_id: str, wrapped: str) -> AsyncIterator[bytes]:
    """Give the rows of a holding as JSON lines, a page at a time."""
    skip = 0
    while True:
        found = await ctx.db.rows(each.page(member_id, skip=skip))
        yield b"".join(msgspec.json.encode(_open(ctx, each, row, member_id, wrapped)) + b"\n" for row in found)
        if len(found) < PAGE:
            return
        skip += PAGE


def _open(ctx: Ctx, each: Held, row: Any, member_id: str, wrapped: str) -> dict[str, Any]:
    """Return a row with what is sealed in it in the clear."""
    fields = {name: getattr(row, name) for name in each.names}
    for name, bound_to in each.holding.sealed.items():
        if fields[name]:
            text = vault.open_text(
                fields[name], bound_to=bound_to, member_id=member_id, wrapped_key=wrapped, keyring=ctx.process.keyring
            )
            fields[name] = msgspec.json.decode(text)
    return fields


class _Sink(io.RawIOBase):
    """A file that keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._kept.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """Return what was written since it was last taken."""
        taken, self._kept = b"".join(self._kept), []
        return taken


def _token(member_id: str, until: datetime, keyring: Keyring) -> str:
    content = UUID(member_id).bytes + int(until.timestamp()).to_bytes(5)
    return base64.urlsafe_b64encode(content + _mac(content, keyring)).decode().rstrip("=")


def member_of(token: str, *, keyring: Keyring, at: datetime) -> str:
    """Return whose archive a link leads to; refuses `LinkUnknown`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise LinkUnknown from error
    content, mac = raw[:21], raw[21:]
    if len(mac) != MAC_BYTES or not hmac.compare_digest(mac, _mac(content, keyring)):
        raise LinkUnknown
    if at > datetime.fromtimestamp(int.from_bytes(content[16:]), UTC):
        raise LinkUnknown
    return str(UUID(bytes=content[:16]))


def _mac(content: bytes, keyring: Keyring) -> bytes:
    return hmac.digest(keyring.key(PURPOSE), content, "sha256")[:MAC_BYTES]
