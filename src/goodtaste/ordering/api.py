"""The door of ordering."""

from goodtaste.ordering.asked import PARTY_MAX, PlaceOrder, PriceChanged
from goodtaste.ordering.bill.shares import Shares, Split, shares
from goodtaste.ordering.cancel import TIMED_OUT
from goodtaste.ordering.dry_run.run import DAYS_MAX, ORDERS_MAX, DryRunAsked, dry_run
from goodtaste.ordering.dry_run.run import Report as DryRun
from goodtaste.ordering.history import Count, Report, bring_in
from goodtaste.ordering.history_map import BadMap, Map, read_map
from goodtaste.ordering.history_rows import BadFile, Fault
from goodtaste.ordering.of_table import BillRow, TableBill, bill_rows, bills, carried, order_of_round, owing_at
from goodtaste.ordering.open_bill import AddRound, add_round
from goodtaste.ordering.orders import OrderUnknown, OrderView, store_of
from goodtaste.ordering.orders import one as order
from goodtaste.ordering.parts import begin as begin_part
from goodtaste.ordering.parts import counter
from goodtaste.ordering.place import place
from goodtaste.ordering.progress import follow
from goodtaste.ordering.proof import PROOFS
from goodtaste.ordering.quote import Cart, Quote, quote
from goodtaste.ordering.record import (
    ExternalNo,
    NotRecordable,
    Recorded,
    RecordedOtherwise,
    RecordLine,
    RecordOrder,
    Source,
    record,
    record_many,
)
from goodtaste.ordering.rules import Kind
from goodtaste.ordering.spot import Place
from goodtaste.ordering.wallet import payer_of
from goodtaste.ordering.where import WhereOf, where

__all__ = [
    "DAYS_MAX", "ORDERS_MAX", "PARTY_MAX", "PROOFS", "TIMED_OUT",
    "AddRound", "BadFile", "BadMap", "BillRow", "Cart", "Count", "DryRun", "DryRunAsked",
    "ExternalNo", "Fault", "Kind", "Map", "NotRecordable", "OrderUnknown", "OrderView", "Place", "PlaceOrder", "PriceChanged", "Quote",
    "RecordLine", "RecordOrder", "Recorded", "RecordedOtherwise", "Report", "Shares", "Source", "Split", "TableBill", "WhereOf",
    "add_round", "begin_part", "bill_rows", "bills", "bring_in", "carried", "counter", "dry_run", "follow", "order",
    "order_of_round", "owing_at", "payer_of", "place", "quote", "read_map", "record", "record_many", "shares", "store_of", "where",
]  # fmt: skip
