"""Alembic runs this for each command; `goodtaste.app.migrate` gives it the connection."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
    transaction_per_migration=False,
    user_module_prefix="columns.",
)
context.run_migrations()
