"""The door of ordering."""

from goodtaste.ordering.dry_run.run import DAYS_MAX, ORDERS_MAX, DryRunAsked, dry_run
from goodtaste.ordering.dry_run.run import Report as DryRun
from goodtaste.ordering.history import Count, Report, bring_in
from goodtaste.ordering.history_map import BadMap, Map, read_map
from goodtaste.ordering.history_rows import BadFile, Fault
from goodtaste.ordering.proof import PROOFS
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

__all__ = [
    "DAYS_MAX", "ORDERS_MAX", "PROOFS", "BadFile", "BadMap", "Count", "DryRun", "DryRunAsked", "ExternalNo", "Fault", "Kind",
    "Map", "NotRecordable", "RecordLine", "RecordOrder", "Recorded", "RecordedOtherwise", "Report", "Source", "bring_in",
    "dry_run", "read_map", "record", "record_many",
]  # fmt: skip
