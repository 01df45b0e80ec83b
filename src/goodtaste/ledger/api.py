"""The door of the ledger."""

from goodtaste.ledger.moves import BALANCES as READ_BALANCES
from goodtaste.ledger.moves import (
    LOT_PAGE,
    LOTS,
    AlreadyDone,
    Balances,
    Cause,
    Hold,
    HoldClosed,
    InDebt,
    NotEnough,
    account_of,
    adjust,
    as_balances,
    capture,
    earn,
    expire,
    find_lots,
    grant,
    may_spend,
    open_accounts,
    read_balances,
    read_hold,
    read_uses,
    release,
    set_aside,
    spend,
    unearn,
    unspend,
    vest,
)
from goodtaste.ledger.proof import PROOFS
from goodtaste.ledger.rules import Lot, LotUse
from goodtaste.ledger.tables import GROWTH, POINTS

__all__ = [
    "GROWTH", "LOTS", "LOT_PAGE", "POINTS", "PROOFS", "READ_BALANCES", "AlreadyDone", "Balances", "Cause", "Hold", "HoldClosed",
    "InDebt", "Lot", "LotUse", "NotEnough", "account_of", "adjust", "as_balances", "capture", "earn", "expire", "find_lots", "grant",
    "may_spend", "open_accounts", "read_balances", "read_hold", "read_uses", "release", "set_aside", "spend", "unearn", "unspend", "vest",
]  # fmt: skip
