"""Settings for a command: loaded, or the command ends with every fault in a sentence."""

from __future__ import annotations

from typing import Any

import click

from goodtaste.app.cli_words import SET_TO, language, stop
from goodtaste.kernel.config import BadSettings, Settings, load


def settings_of(context: click.Context, **overrides: Any) -> Settings:
    """Return the settings with what the command line says over them."""
    try:
        settings = load(file=context.find_root().obj, **overrides)
    except BadSettings as bad:
        stop("cli.bad_settings", faults=bad.say(language()))
    context.meta[SET_TO] = settings.language
    return settings
