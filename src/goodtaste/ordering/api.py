"""The door of ordering."""

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
    "PROOFS", "BadFile", "BadMap", "Count", "ExternalNo", "Fault", "Kind", "Map", "NotRecordable", "RecordLine", "RecordOrder",
    "Recorded", "RecordedOtherwise", "Report", "Source", "bring_in", "read_map", "record", "record_many",
]  # fmt: skip
