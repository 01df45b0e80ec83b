"""Sessions: short access tokens, and for each device one refresh token that rotates.

A refresh token is `<session>.<n>.<mac>` with n counting its rotations.  The newest one rotates; the one before it, within a few seconds,
gets the same answer again, for a reply that was lost; an older one was stolen or copied, and ends the session.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import Column, Index, func, select, update

from goodtaste.kernel.auth import Kind, NotSignedIn
from goodtaste.kernel.db import (
    Change,
    Database,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    create_table,
    first,
    id_column,
    insert,
    par,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.snapshot import Snapshot, moved

ACCESS_TTL = timedelta(minutes=15)
LOST_REPLY_GRACE = timedelta(seconds=30)
IDLE_TTL = timedelta(days=90)
STAFF_IDLE_TTL = timedelta(hours=12)  # a till or an office desk left alone overnight asks again
ISSUER = "goodtaste"
GOOD_MAX = 10_000  # tokens remembered by a process, about 5 MB
ALGORITHM = "HS256"
SNAPSHOT = "kernel.sessions"

session = create_table(
    "kernel_session",
    id_column(),
    Column("kind", Str, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("device", Str, nullable=False),
    Column("rotations", Int, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("end_reason", Str),
    Column("terminal_id", Id),
    Index("kernel_session_subject_idx", "subject_id", "started_at"),
    Index("kernel_session_ended_idx", "ended_at"),
    Index("kernel_session_terminal_idx", "terminal_id", "ended_at"),
)


class SessionEnded(Refusal):
    """Raised when a session was ended, ran out, or a used refresh token came again."""

    code = "auth.session_ended"
    status = 401


class SessionUnknown(Refusal):
    """Raised when the caller has no such session.  Facts: `session_id`."""

    code = "auth.session_unknown"
    status = 404


class Claims(msgspec.Struct, frozen=True):
    """What an access token says, after its signature and times held.  `terminal` is where a person signed in by PIN."""

    sub: str
    kind: Kind
    sid: str
    store: str | None = None
    terminal: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A device on which somebody is signed in; `terminal_id` where it is a paired terminal at which a person signed in by PIN."""

    id: str
    kind: str
    subject_id: str
    device: str
    rotations: int
    started_at: datetime
    used_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    terminal_id: str | None = None

    def idle_out(self, at: datetime) -> bool:
        """Tell whether it has not been used for so long that it is over."""
        return at - self.used_at > (STAFF_IDLE_TTL if self.kind == "staff" else IDLE_TTL)


class TokenPair(msgspec.Struct, frozen=True):
    """What a device gets: an access token for `expires_in_s` seconds and the refresh token that replaces it."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    session_id: str


_COLUMNS = [session.c[name] for name in Session.__struct_fields__]
START = insert(session, "id", "kind", "subject_id", "device", "rotations", "started_at", "used_at", "terminal_id")
ONE = Read(select(*_COLUMNS).where(session.c.id == par("id", Id)), Session)
OF = Read(
    select(*_COLUMNS)
    .where(session.c.subject_id == par("subject_id", Id), session.c.ended_at.is_(None))
    .order_by(session.c.started_at.desc())
    .limit(100),
    Session,
)
ENDED_SINCE = Read(select(*_COLUMNS).where(session.c.ended_at > par("since", Moment)), Session)
ROTATE = change(
    update(session)
    .where(session.c.id == par("id", Id), session.c.rotations == par("seen", Int), session.c.ended_at.is_(None))
    .values(rotations=session.c.rotations + 1, used_at=par("at", Moment)),
    guard="kernel_session_rotated",
)
END = change(
    update(session)
    .where(session.c.id == par("id", Id), session.c.ended_at.is_(None))
    .values(ended_at=par("at", Moment), end_reason=par("reason", Str))
)
END_ALL = change(
    update(session)
    .where(session.c.subject_id == par("subject_id", Id), session.c.id != par("but", Id), session.c.ended_at.is_(None))
    .values(ended_at=par("at", Moment), end_reason=par("reason", Str))
)
FORGET = change(
    update(session)
    .where(session.c.subject_id == par("subject_id", Id))
    .values(
        device="",
        ended_at=func.coalesce(session.c.ended_at, par("at", Moment)),
        end_reason=func.coalesce(session.c.end_reason, "forgotten"),
    )
)
END_AT_TERMINAL = change(
    update(session)
    .where(session.c.terminal_id == par("terminal_id", Id), session.c.ended_at.is_(None))
    .values(ended_at=par("at", Moment), end_reason=par("reason", Str))
)
NO_SESSION = "00000000-0000-8000-8000-000000000000"


class Tokens:
    """Makes and checks tokens.  One library, one algorithm, one issuer; whatever else a token claims of itself is refused."""

    def __init__(self, keyring: Keyring) -> None:
        self._access = OctKey.import_key(keyring.key("access-token"))
        self._refresh = keyring.key("refresh-token")
        self._good: dict[str, tuple[Claims, float]] = {}  # tokens found good, and until when each holds

    def access(self, claims: Claims, *, at: datetime, ttl: timedelta = ACCESS_TTL) -> str:
        """Return an access token."""
        payload = {
            "iss": ISSUER,
            "iat": int(at.timestamp()),
            "exp": int((at + ttl).timestamp()),
            **msgspec.structs.asdict(claims),
        }
        return jwt.encode({"alg": ALGORITHM}, payload, self._access)

    def check(self, token: str, *, at: datetime) -> Claims:
        """Return what an access token claims; refuses `NotSignedIn` where it is not ours, altered or over.

        A token comes with every request of its session: what was found good is not reckoned again.
        """
        found = self._good.get(token)
        if found is None:
            found = self._verified(token)
            if len(self._good) >= GOOD_MAX:
                self._good.clear()
            self._good[token] = found
        claims, over_at = found
        if over_at <= at.timestamp():
            raise NotSignedIn
        return claims

    def _verified(self, token: str) -> tuple[Claims, float]:
        try:
            payload = jwt.decode(token, self._access, algorithms=[ALGORITHM]).claims
            if payload["iss"] != ISSUER or payload["kind"] not in get_args(Kind):
                raise NotSignedIn
            claims = Claims(
                payload["sub"], payload["kind"], payload["sid"], payload.get("store"), payload.get("terminal")
            )
            return claims, float(payload["exp"])
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotSignedIn from error

    def refresh(self, session_id: str, n: int) -> str:
        """Return the refresh token that `session_id` holds after `n` rotations."""
        mac = hmac.digest(self._refresh, f"{session_id}.{n}".encode(), "sha256").hex()[:43]
        return f"{session_id}.{n}.{mac}"

    def read_refresh(self, token: str) -> tuple[str, int]:
        """Return session and rotation of a refresh token; refuses `NotSignedIn` where it is not ours."""
        session_id, _, rest = token.partition(".")
        n = rest.partition(".")[0]
        if (
            not n.isdecimal()
            or len(n) > 9
            or not hmac.compare_digest(token.encode(), self.refresh(session_id, int(n)).encode())
        ):
            raise NotSignedIn
        return session_id, int(n)

    def pair(self, found: Session, *, at: datetime) -> TokenPair:
        """Return the tokens of a session as it stands."""
        return TokenPair(
            self.access(claims_of(found), at=at),
            self.refresh(found.id, found.rotations),
            int(ACCESS_TTL.total_seconds()),
            found.id,
        )


def claims_of(found: Session) -> Claims:
    """Return what the access tokens of a session claim."""
    return Claims(found.subject_id, found.kind, found.id, None, found.terminal_id)  # type: ignore[arg-type]


def start(
    *, session_id: str, kind: Kind, subject_id: str, device: str, at: datetime, terminal_id: str | None = None
) -> tuple[Session, Change]:
    """Return a new session and the change that keeps it; `terminal_id` for a person who signs in by PIN at a terminal."""
    row = Session(session_id, kind, subject_id, device[:120], 0, at, at, None, None, terminal_id)
    return row, START(**{name: getattr(row, name) for name in START.types})


@script
def rotate(*, session_id: str, n: int, at: datetime) -> Steps[Session]:
    """Rotate a refresh token that was the n-th; refuses `SessionEnded`, and ends the session where the token was used before."""
    found = yield from first(ONE(id=session_id))
    if found is None or found.ended_at is not None or found.idle_out(at):
        raise SessionEnded
    if n == found.rotations - 1 and at - found.used_at <= LOST_REPLY_GRACE:
        return found
    if n == found.rotations:
        yield [ROTATE(id=session_id, seen=n, at=at)]
        return msgspec.structs.replace(found, rotations=n + 1, used_at=at)
    yield end([session_id], reason="refresh token used twice", at=at)
    return msgspec.structs.replace(found, ended_at=at)


def end(session_ids: Sequence[str], *, reason: str, at: datetime) -> list[Change]:
    """Return the changes that end sessions; their access tokens die with them in every process."""
    return [END.many([{"id": id_, "reason": reason, "at": at} for id_ in session_ids]), moved(SNAPSHOT)]


def end_all(subject_id: str, *, reason: str, at: datetime, but: str = "") -> list[Change]:
    """Return the changes that end every session of a subject, save the session `but` where one is named."""
    return [END_ALL(subject_id=subject_id, but=but or NO_SESSION, reason=reason, at=at), moved(SNAPSHOT)]


def forget(subject_id: str, *, at: datetime) -> list[Change]:
    """Return the changes that end every session of a subject, and leave nothing of the devices."""
    return [FORGET(subject_id=subject_id, at=at), moved(SNAPSHOT)]


def end_at_terminal(terminal_id: str, *, also: Sequence[str] = (), reason: str, at: datetime) -> list[Change]:
    """Return the changes that end the sessions of people who signed in at a terminal, and those named in `also`."""
    return [END_AT_TERMINAL(terminal_id=terminal_id, reason=reason, at=at), *end(also, reason=reason, at=at)]


@script
def own(*, subject_id: str, at: datetime) -> Steps[list[Session]]:
    """Return the sessions of a subject that are alive, newest first, at most 100."""
    return [found for found in (yield from rows(OF(subject_id=subject_id))) if not found.idle_out(at)]


@script
def end_own(*, subject_id: str, session_id: str | None, at: datetime) -> Steps[None]:
    """End one session of a subject, or, with None, all of them.  Refuses `SessionUnknown` for one that is not theirs."""
    if session_id is None:
        yield end_all(subject_id, reason="ended by its owner", at=at)
        return
    found = yield from first(ONE(id=session_id))
    if found is None or found.subject_id != subject_id or found.ended_at is not None:
        raise SessionUnknown(session_id=session_id)
    yield end([session_id], reason="ended by its owner", at=at)


def ended_snapshot(now: Any) -> Snapshot[frozenset[str]]:
    """Return the snapshot of sessions that ended while an access token of theirs may still live.  `now` is the clock."""

    async def load(db: Database) -> frozenset[str]:
        return frozenset(s.id for s in await db.rows(ENDED_SINCE(since=now() - ACCESS_TTL)))

    return Snapshot(SNAPSHOT, load)


Device = Literal["app", "web", "pos", "kiosk", "kitchen", "board", "console", "other"]
