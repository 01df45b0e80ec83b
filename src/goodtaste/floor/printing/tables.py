"""Tables of printing."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, text

from goodtaste.floor.printing.rules import COPIES_MAX, REPRINTS_MAX
from goodtaste.kernel.db import Doc, Flag, Id, Int, Moment, Str, create_table, id_column

printer = create_table(
    "floor_printer",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("name", Str, nullable=False),
    Column("kind", Str, nullable=False),
    Column("address", Str, nullable=False),
    Column("paper_mm", Int, nullable=False),
    Column("answers", Str, nullable=False),
    Column("purposes", Doc, nullable=False),
    Column("stations", Doc, nullable=False),
    Column("fallback_id", Id, ForeignKey("floor_printer.id")),
    Column("fallback_after_s", Int, nullable=False),
    Column("active", Flag, nullable=False),
    Column("version", Int, nullable=False),
    Column("trouble", Str, nullable=False),
    Column("trouble_at", Moment),
    Column("tries", Int, nullable=False),
    Column("next_at", Moment, nullable=False),
    UniqueConstraint("store_id", "name", name="floor_printer_name_key"),
    CheckConstraint("kind IN ('escpos', 'tspl', 'feie')", name="floor_printer_kind"),
    CheckConstraint("paper_mm IN (40, 58, 80)", name="floor_printer_paper"),
    CheckConstraint("answers IN ('id', 'status')", name="floor_printer_answers"),
    CheckConstraint("fallback_id <> id", name="floor_printer_fallback"),
    CheckConstraint("(trouble = '') = (trouble_at IS NULL)", name="floor_printer_trouble"),
)
"""`address`: host and port of one in the network, the serial number of one in the cloud.  `next_at`: not asked again before."""

print_job = create_table(
    "floor_print_job",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("printer_id", Id, ForeignKey("floor_printer.id"), nullable=False),
    Column("purpose", Str, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("round", Int, nullable=False),
    Column("station", Str, nullable=False),
    Column("kind", Str, nullable=False),
    Column("nth", Int, nullable=False),
    Column("document", Doc, nullable=False),
    Column("copies", Int, nullable=False),
    Column("drawer", Flag, nullable=False),
    Column("marks", Doc, nullable=False),
    Column("state", Str, nullable=False),
    Column("attempt", Int, nullable=False),
    Column("on_printer_id", Id),
    Column("lease_until", Moment),
    Column("remote_id", Str, nullable=False),
    Column("why", Str, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Str, nullable=False),
    Column("reason", Str, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("moves_at", Moment),
    Column("settled_at", Moment),
    Column("handled_at", Moment),
    Column("reprint_of", Id, ForeignKey("floor_print_job.id")),
    Column("kept", Flag, nullable=False),
    UniqueConstraint("purpose", "subject_id", "round", "station", "kind", "nth", name="floor_print_job_once"),
    UniqueConstraint("on_printer_id", name="floor_print_job_one_at_a_time"),
    CheckConstraint(
        "state IN ('queued', 'sent', 'confirmed', 'unknown', 'failed', 'expired')", name="floor_print_job_state"
    ),
    CheckConstraint("(state = 'sent') = (on_printer_id IS NOT NULL)", name="floor_print_job_sent"),
    CheckConstraint("(state = 'sent') = (lease_until IS NOT NULL)", name="floor_print_job_lease"),
    CheckConstraint("(state IN ('queued', 'sent')) = (settled_at IS NULL)", name="floor_print_job_settled"),
    CheckConstraint("NOT drawer OR (purpose = 'receipt' AND nth = 0)", name="floor_print_job_drawer"),
    CheckConstraint(f"copies BETWEEN 1 AND {COPIES_MAX}", name="floor_print_job_copies"),
    CheckConstraint(f"nth BETWEEN 0 AND {REPRINTS_MAX}", name="floor_print_job_nth"),
    CheckConstraint("(nth = 0) = (reprint_of IS NULL)", name="floor_print_job_reprint"),
    CheckConstraint("handled_at IS NULL OR settled_at IS NOT NULL", name="floor_print_job_handled"),
    Index("floor_print_job_waiting_idx", "printer_id", "state", "made_at"),
    Index("floor_print_job_store_idx", "store_id", "made_at", "id"),
    Index("floor_print_job_state_idx", "state", "expires_at"),
    Index("floor_print_job_subject_idx", "subject_id"),
    Index("floor_print_job_kept_idx", "kept", "settled_at"),
    Index(
        "floor_print_job_remote_idx",
        "remote_id",
        postgresql_where=text("remote_id <> ''"),
        sqlite_where=text("remote_id <> ''"),
    ),
)
"""`nth`: 0, or which reprint it is.  `on_printer_id`: the printer it is being sent to, which takes one at a time.  `drawer`: it opens the
cash drawer.  `moves_at`: when it goes to the fallback, if the printer has not taken it.  `handled_at`: a person saw to it.
`kept`: what it printed is still known.  `remote_id`: the number that a cloud gave it; the cloud tells by that."""

print_step = create_table(
    "floor_print_step",
    id_column(),
    Column("job_id", Id, ForeignKey("floor_print_job.id"), nullable=False),
    Column("state", Str, nullable=False),
    Column("why", Str, nullable=False),
    Column("printer_id", Id, nullable=False),
    Column("by", Str, nullable=False),
    Column("at", Moment, nullable=False),
    Index("floor_print_step_job_idx", "job_id", "at", "id"),
)
"""What happened to a job, and by whom."""

print_habit = create_table(
    "floor_print_habit",
    Column("store_id", Id, primary_key=True),
    Column("receipts", Flag, nullable=False),
    Column("english", Flag, nullable=False),
    Column("version", Int, nullable=False),
    narrow=True,
)
"""What a store prints by itself, and whether in English too."""
