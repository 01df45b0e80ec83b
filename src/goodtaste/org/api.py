"""The door of the organisation."""

from goodtaste.org.brand import Named, name_brand
from goodtaste.org.dining import NewArea, NewTables, make_area, make_tables
from goodtaste.org.directory import Directory, Store, StoreClosed, StoreUnknown, Table, TableUnknown, directory_snapshot
from goodtaste.org.passwords import GivePassword, GivePin, Passwords, Pin, give_password, give_pin
from goodtaste.org.people import NewPerson, RoleAt, give_role, hire, take_role
from goodtaste.org.people import switch as switch_person
from goodtaste.org.rules import NO_FEES, Hours, Role, Span, StoreFees, TablesPay, hours_fault, is_open
from goodtaste.org.sign_in import (
    Approval,
    ApprovalAsked,
    MayNotApprove,
    SignIn,
    WrongPin,
    approve,
    approved_by,
    sign_in,
    without_approval,
)
from goodtaste.org.stores import CodeTaken, DayHours, NewStore, StoreDetails, set_day
from goodtaste.org.stores import change_details as change_store
from goodtaste.org.stores import make as make_store
from goodtaste.org.stores import switch as switch_store
from goodtaste.org.terminals import NewPairing, Pair, open_pairing, pair
from goodtaste.org.terminals import revoke as revoke_terminal
from goodtaste.org.tries import Locked
from goodtaste.org.tries import forget as forget_tries
from goodtaste.org.tries import one_more as one_more_try

__all__ = [
    "NO_FEES", "Approval", "ApprovalAsked", "CodeTaken", "DayHours", "Directory", "GivePassword", "GivePin", "Hours",
    "Locked", "MayNotApprove", "Named", "NewArea", "NewPairing", "NewPerson", "NewStore", "NewTables", "Pair",
    "Passwords", "Pin", "Role", "RoleAt", "SignIn", "Span", "Store", "StoreClosed", "StoreDetails", "StoreFees",
    "StoreUnknown", "Table", "TableUnknown", "TablesPay", "WrongPin", "approve", "approved_by", "change_store",
    "directory_snapshot", "forget_tries", "give_password", "give_pin", "give_role", "hire", "hours_fault", "is_open",
    "make_area", "make_store", "make_tables", "name_brand", "one_more_try", "open_pairing", "pair", "revoke_terminal",
    "set_day", "sign_in", "switch_person", "switch_store", "take_role", "without_approval",
]  # fmt: skip
