"""The door of members."""

from goodtaste.member.addresses import BOUND_TO as ADDRESS_BOUND_TO
from goodtaste.member.addresses import AddressRow, AddressUnknown, WhereTo, one_address
from goodtaste.member.addresses import opened as open_address
from goodtaste.member.adjustments import Adjustment, adjust
from goodtaste.member.codes import MemberCode, PublicKey, by_kid, verify
from goodtaste.member.consents import Consent, consent_query, granted
from goodtaste.member.favourites import FavouriteDish
from goodtaste.member.favourites import cheaper as cheaper_favourites
from goodtaste.member.found import NOBODY, by_phone_tail, joined
from goodtaste.member.level_rules import LevelGrant, effective
from goodtaste.member.levels import GrantOver, GrantUnknown, LevelUnknown, end_grant, grant_level, prolong_grant
from goodtaste.member.login import Proof, sign_in, wechat_proof
from goodtaste.member.otp import counted as counted_in_hour
from goodtaste.member.points import Liability, liability
from goodtaste.member.profile import Birthday, NoPhone, ProfilePatch
from goodtaste.member.profile import patch as change_profile
from goodtaste.member.program import TERMS as PROGRAM_TERMS
from goodtaste.member.program import ProgramChange, ProgramView
from goodtaste.member.program import change as change_program
from goodtaste.member.program import read as read_program
from goodtaste.member.proof import LADDER, PROOFS
from goodtaste.member.purchases import Brought, complete_at_once
from goodtaste.member.reach import Reach, reach, receipt, text
from goodtaste.member.rules import Level, Program, expiry, growth_earned, level_for, points_earned
from goodtaste.member.scan import classify
from goodtaste.member.sms import Receipt, Sms
from goodtaste.member.standing import (
    MemberFrozen,
    MemberUnknown,
    Standing,
    after,
    known,
    program_snapshot,
    set_program,
    standing,
    standings,
)
from goodtaste.member.vault import is_ours
from goodtaste.member.visits import (
    CodeText,
    NotPresent,
    Visit,
    VisitOver,
    begun,
    present,
    public_keys,
    read_code,
    visit_query,
    whose,
)
from goodtaste.member.wechat import Wechat

__all__ = [
    "ADDRESS_BOUND_TO",
    "LADDER",
    "NOBODY",
    "PROGRAM_TERMS",
    "PROOFS",
    "AddressRow",
    "AddressUnknown",
    "Adjustment",
    "Birthday",
    "Brought",
    "CodeText",
    "Consent",
    "FavouriteDish",
    "GrantOver",
    "GrantUnknown",
    "Level",
    "LevelGrant",
    "LevelUnknown",
    "Liability",
    "MemberCode",
    "MemberFrozen",
    "MemberUnknown",
    "NoPhone",
    "NotPresent",
    "ProfilePatch",
    "Program",
    "ProgramChange",
    "ProgramView",
    "Proof",
    "PublicKey",
    "Reach",
    "Receipt",
    "Sms",
    "Standing",
    "Visit",
    "VisitOver",
    "Wechat",
    "WhereTo",
    "adjust",
    "after",
    "begun",
    "by_kid",
    "by_phone_tail",
    "change_profile",
    "change_program",
    "cheaper_favourites",
    "classify",
    "complete_at_once",
    "consent_query",
    "counted_in_hour",
    "effective",
    "end_grant",
    "expiry",
    "grant_level",
    "granted",
    "growth_earned",
    "is_ours",
    "joined",
    "known",
    "level_for",
    "liability",
    "one_address",
    "open_address",
    "points_earned",
    "present",
    "program_snapshot",
    "prolong_grant",
    "public_keys",
    "reach",
    "read_code",
    "read_program",
    "receipt",
    "set_program",
    "sign_in",
    "standing",
    "standings",
    "text",
    "verify",
    "visit_query",
    "wechat_proof",
    "whose",
]  # fmt: skip
