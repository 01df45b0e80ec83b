"""The door of members."""

from goodtaste.member.codes import MemberCode, PublicKey, by_kid, verify
from goodtaste.member.consents import Consent, consent_query, granted
from goodtaste.member.login import Proof, sign_in, wechat_proof
from goodtaste.member.points import Adjustment, adjust
from goodtaste.member.profile import Birthday, ProfilePatch
from goodtaste.member.profile import patch as change_profile
from goodtaste.member.proof import PROOFS
from goodtaste.member.purchases import Brought, complete_at_once
from goodtaste.member.rules import Level, Program, expiry, growth_earned, level_for, points_earned
from goodtaste.member.scan import classify
from goodtaste.member.sms import Sms
from goodtaste.member.standing import (
    MemberFrozen,
    MemberUnknown,
    Standing,
    known,
    program_snapshot,
    set_program,
    standing,
)
from goodtaste.member.vault import is_ours
from goodtaste.member.visits import NotPresent, Visit, VisitOver, present, public_keys, visit_query
from goodtaste.member.wechat import Wechat

__all__ = [
    "PROOFS", "Adjustment", "Birthday", "Brought", "Consent", "Level", "MemberCode", "MemberFrozen", "MemberUnknown",
    "NotPresent", "ProfilePatch", "Program", "Proof", "PublicKey", "Sms", "Standing", "Visit", "VisitOver", "Wechat",
    "adjust", "by_kid", "change_profile", "classify", "complete_at_once", "consent_query", "expiry", "granted",
    "growth_earned", "is_ours", "known", "level_for", "points_earned", "present", "program_snapshot", "public_keys", "set_program",
    "sign_in", "standing", "verify", "visit_query", "wechat_proof",
]  # fmt: skip
