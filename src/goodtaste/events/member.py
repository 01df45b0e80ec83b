"""What members tell: ids and numbers only."""

from __future__ import annotations

from datetime import date

from goodtaste.kernel.outbox import Event


class MemberUpdated(Event, frozen=True, kw_only=True):
    """A member is new, or something that other channels show of them has changed.  Of two, the one with the higher `version` is right."""

    topic = "member.updated.v1"
    key_field = "member_id"

    member_id: str
    available: int
    pending: int
    growth: int
    level: str
    version: int


class MemberJoined(Event, frozen=True, kw_only=True):
    """Somebody became a member; told once, before anything else of them.  `channel` is how they proved who they are: wechat or phone."""

    topic = "member.joined.v1"
    key_field = "member_id"

    member_id: str
    channel: str


class LevelChanged(Event, frozen=True, kw_only=True):
    """A member came to another level.

    `cause`: `growth` (reached), `review` (lost when its period was over), `grant` and `end` (given, over), `correction`, `plan`.
    """

    topic = "member.level_changed.v1"
    key_field = "member_id"

    member_id: str
    from_level: str
    to_level: str
    growth: int
    cause: str


class LevelWarned(Event, frozen=True, kw_only=True):
    """A member will lose their level on `drops_on` (the first day without it) unless growth reaches `growth_keep` before."""

    topic = "member.level_warned.v1"
    key_field = "member_id"

    member_id: str
    level: str
    growth: int
    growth_keep: int
    drops_on: date


class PresentDue(Event, frozen=True, kw_only=True):
    """A member is to have a coupon of a template, once for `present_id`, which is the coupon's id.  `kind`: `level` or `birthday`."""

    topic = "member.present_due.v1"
    key_field = "member_id"

    present_id: str
    member_id: str
    template_id: str
    kind: str
    what: str


class ConsentChanged(Event, frozen=True, kw_only=True):
    """A member gave or withdrew a consent; whoever acts on it stops at once."""

    topic = "member.consent_changed.v1"
    key_field = "member_id"

    member_id: str
    purpose: str
    granted: bool
    text_version: str


class MemberErased(Event, frozen=True, kw_only=True):
    """A member was erased: whoever knows more of them than the id forgets it."""

    topic = "member.erased.v1"
    key_field = "member_id"

    member_id: str


class PointsExpiring(Event, frozen=True, kw_only=True):
    """Points of a member run out after the day `on` where they are not spent; told once for each notice of `days` or less ahead."""

    topic = "member.points_expiring.v1"
    key_field = "member_id"

    member_id: str
    points: int
    on: date
    days: int


class PointsGiven(Event, frozen=True, kw_only=True):
    """A member gave points to another."""

    topic = "member.points_given.v1"
    key_field = "member_id"

    gift_id: str
    member_id: str
    to_member_id: str
    points: int
