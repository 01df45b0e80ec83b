"""${message}

Revision: ${up_revision}, after ${down_revision or "nothing"}.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from goodtaste.kernel.db import columns

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def run_sql(folder: Path, engine: str) -> None:
    """Run what Alembic cannot say: functions, triggers and first rows, from `sql/<revision>.<engine>.sql`, where there is such a file."""
    path = folder / f"{revision}.{engine}.sql"
    for statement in path.read_text("utf-8").split(";;") if path.exists() else ():
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    run_sql(Path(__file__).parents[1] / "sql", op.get_bind().dialect.name)


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
    run_sql(Path(__file__).parents[1] / "sql" / "down", op.get_bind().dialect.name)
