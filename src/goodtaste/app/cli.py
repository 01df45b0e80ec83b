"""The command line: `goodtaste VERB`.  Each noun has a file of its own; this one puts them together."""

from __future__ import annotations

import click

import goodtaste
from goodtaste.app import (
    cli_bills,
    cli_books,
    cli_coupons,
    cli_database,
    cli_doctor,
    cli_events,
    cli_import,
    cli_levels,
    cli_menu,
    cli_night,
    cli_offers,
    cli_points,
    cli_printers,
    cli_program,
    cli_serve,
    cli_shop,
    cli_subscriptions,
    cli_twin,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(goodtaste.__version__, prog_name="goodtaste")
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    help="TOML file with settings. Default: GOODTASTE_CONFIG, then goodtaste.toml where it exists.",
)
@click.pass_context
def main(context: click.Context, config: str | None) -> None:
    """goodtaste 好味: the open O2O growth platform for restaurant chains."""
    context.obj = config


@main.group("import")
def import_() -> None:
    """Bring in what another system holds: orders, a menu."""


@main.group()
def twin() -> None:
    """Play the demo brand: its diners, its staff and its days."""


for command in (
    *cli_serve.COMMANDS,
    *cli_database.COMMANDS,
    *cli_doctor.COMMANDS,
    *cli_books.COMMANDS,
    *cli_bills.COMMANDS,
    *cli_events.COMMANDS,
    *cli_coupons.COMMANDS,
    *cli_night.COMMANDS,
    *cli_subscriptions.COMMANDS,
    *cli_offers.COMMANDS,
    *cli_printers.COMMANDS,
    *cli_program.COMMANDS,
    *cli_levels.COMMANDS,
    *cli_points.COMMANDS,
    *cli_shop.COMMANDS,
):
    main.add_command(command)

for command in (*cli_import.COMMANDS, *cli_menu.COMMANDS):
    import_.add_command(command)

for command in cli_twin.COMMANDS:
    twin.add_command(command)
