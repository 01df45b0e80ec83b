"""What the command line says: sentences from `locales/`, in the language of whoever types."""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO, NoReturn, TypeVar

import click
import msgspec
from rich.console import Console

from goodtaste.kernel.ids import is_id
from goodtaste.kernel.misfits import in_chinese
from goodtaste.kernel.words import sentence

T = TypeVar("T")

JSON_BYTES_MAX = 1_000_000  # of a file that is read
SET_TO = "goodtaste.language"  # under which a command keeps the setting

out = Console(soft_wrap=True, highlight=False)
err = Console(soft_wrap=True, highlight=False, stderr=True)


def language() -> str:
    """Return the language of the command line: the setting, else that of the locale; English where neither is Chinese.

    Before the settings are read, or where they are bad, GOODTASTE_LANGUAGE alone stands for the setting.
    """
    context = click.get_current_context(silent=True)
    set_to = context.meta.get(SET_TO) if context else None
    for chosen in (set_to, *(os.environ.get(name) for name in ("GOODTASTE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))):
        if chosen:
            return "zh-CN" if chosen.lower().startswith("zh") else "en"
    return "en"


def words(code: str, **facts: Any) -> str:
    """Return what `code` stands for, in one line."""
    said = sentence(code, language(), facts)
    return " ".join(filter(None, (said.say, said.do)))


def tell(code: str, **facts: Any) -> None:
    """Print what `code` stands for."""
    out.print(words(code, **facts), markup=False)


class Stop(click.ClickException):
    """A command cannot go on.  `code` names the sentence that says what, where, and what to do."""

    exit_code = 1

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(words(code, **facts))

    def show(self, file: Any = None) -> None:
        """Print the sentence to standard error."""
        err.print(self.message, style="red" if sys.stderr.isatty() else None, markup=False)


def stop(code: str, **facts: Any) -> NoReturn:
    """End the command with the sentence for `code` and exit status 1."""
    raise Stop(code, **facts)


def from_json(file: BinaryIO, kind: type[T]) -> T:
    """Return what a file of JSON says; one that does not fit ends the command."""
    try:
        return msgspec.json.decode(file.read(JSON_BYTES_MAX), type=kind)
    except msgspec.DecodeError as error:
        what, _, place = str(error).partition(" - at ")
        what = in_chinese(what) if language() == "zh-CN" else what
        stop("cli.bad_json", file=file.name, error=" ".join(filter(None, (place.strip("`"), what))))


def checked_id(given: str) -> str:
    """Return an id; anything else ends the command."""
    if not is_id(given):
        stop("cli.not_an_id", given=given)
    return given


def an_id(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    """Return the id that was typed as an argument or option; anything else ends the command."""
    return None if given is None else checked_id(given)
