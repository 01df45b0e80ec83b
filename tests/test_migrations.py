"""Migrations: up to the tables as the code has them, down to nothing, and up again, on both engines."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text

from goodtaste.app import migrate
from goodtaste.app.rooms import TABLES
from goodtaste.kernel.config import Settings


def _in(settings: Settings, work: Any) -> Any:
    return migrate._with_connection(settings, work)


def _differences(connection: Connection) -> list[Any]:
    options = {"compare_type": False, "compare_server_default": False}  # types are compared on PostgreSQL below
    return compare_metadata(MigrationContext.configure(connection, opts=options), TABLES)


def _checks(connection: Connection) -> dict[str, set[str]]:
    found = inspect(connection)
    return {name: {str(each["name"]) for each in found.get_check_constraints(name)} for name in TABLES.tables}


def _types(connection: Connection) -> dict[str, str]:
    dialect, found = connection.dialect, inspect(connection)
    return {
        f"{name}.{column['name']}": column["type"].compile(dialect)
        for name in TABLES.tables
        for column in found.get_columns(name)
    }


def _left(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
    else:
        rows = connection.execute(
            text(
                "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
        )
    return [name for (name,) in rows if not name.startswith("alembic_version")]


def test_the_history_leads_to_the_tables_of_the_code(empty: Settings) -> None:
    assert migrate.current(empty) is None
    migrate.migrate(empty)
    assert migrate.current(empty) == migrate.newest()
    assert _in(empty, _differences) == []
    wanted = {
        name: {str(each.name) for each in table.constraints if isinstance(each, CheckConstraint)}
        for name, table in TABLES.tables.items()
    }
    assert _in(empty, _checks) == wanted


def test_columns_have_the_types_of_the_code(empty: Settings) -> None:
    migrate.migrate(empty)

    def wanted(connection: Connection) -> dict[str, str]:
        return {
            f"{name}.{column.name}": column.type.compile(connection.dialect)
            for name, table in TABLES.tables.items()
            for column in table.columns
        }

    assert _in(empty, _types) == _in(empty, wanted)


def test_down_leaves_nothing_and_up_again_works(empty: Settings) -> None:
    migrate.migrate(empty)
    migrate.migrate(empty, "base")
    assert migrate.current(empty) is None
    assert _in(empty, _left) == []
    migrate.migrate(empty)
    assert _in(empty, _differences) == []


def test_up_twice_changes_nothing(empty: Settings) -> None:
    migrate.migrate(empty)
    before = _in(empty, _left)
    migrate.migrate(empty)
    assert _in(empty, _left) == before
