"""The colours, sizes and movements of the screens: written once, read well by everybody."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from tools import tokens

OF = tokens.tokens()
TEXT, EDGE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
THEMES = {theme: {**OF["fixed"], **colors} for theme, colors in OF["colors"].items()}
PAIRS = [
    (theme, name, ground, least)
    for theme in THEMES
    for kind, least in (("text", TEXT), ("edges", EDGE))
    for name, grounds in OF[kind].items()
    for ground in grounds
]
WEB = Path(__file__).parents[1] / "web"
HEX = re.compile(r"(?<![&\w-])(?<!<template )#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b")


def luminance(color: str) -> float:
    """Return the relative luminance of `#RRGGBB`, as WCAG reckons it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert round(contrast("#000000", "#FFFFFF"), 2) == 21
    assert round(contrast("#777777", "#FFFFFF"), 2) == 4.48


@pytest.mark.parametrize(("theme", "name", "ground", "least"), PAIRS)
def test_every_text_is_read_on_every_ground_it_stands_on(theme: str, name: str, ground: str, least: float) -> None:
    of = THEMES[theme]
    found = contrast(of[name], of[ground])
    assert found >= least, f"{name} on {ground} in the {theme} theme has {found:.2f}:1"


def test_every_theme_names_the_same_colours() -> None:
    assert len({tuple(of) for of in OF["colors"].values()}) == 1


def test_high_contrast_is_twice_what_others_need() -> None:
    clear = THEMES["contrast"]
    assert all(
        contrast(clear[name], clear["bg"]) >= 2 * TEXT
        for name in ("ink", "ink-2", "brand", "gold-ink", "green-ink", "danger-ink")
    )


def test_both_kinds_of_screen_name_the_same_sizes() -> None:
    for kind in ("type", "space", "radius"):
        assert list(OF[kind]["staff"]) == list(OF[kind]["diner"])


def test_the_style_sheets_are_what_the_tokens_say() -> None:
    for name, text in tokens.sheets().items():
        assert (tokens.FOLDER / name).read_text() == text, f"{name} is old: python -m tools.tokens"


def test_screens_take_their_colours_from_the_tokens() -> None:
    """A colour written into a screen would be tested by nobody, and stay light in a dark kitchen."""
    files = itertools.chain.from_iterable(
        WEB.glob(f"{app}/src/**/*.{kind}") for app in ("staff", "diner") for kind in ("vue", "css", "scss")
    )
    found = [f"{path.relative_to(WEB)}: {color}" for path in files for color in HEX.findall(path.read_text())]
    assert found == []


def test_every_name_that_a_screen_uses_exists() -> None:
    known = set(OF["fixed"]) | set(OF["colors"]["light"]) | set(OF["motion"]) | {"font", "font-display", "lift"}
    known |= {name for kind in ("type", "space", "radius") for name in OF[kind]["staff"]}
    paths = itertools.chain(*(WEB.glob(f"staff/src/**/*.{kind}") for kind in ("vue", "css", "ts")))
    texts = {path.relative_to(WEB): path.read_text() for path in paths}
    known |= {name for text in texts.values() for name in re.findall(r"[\"'\s{;`]--([a-z][\w-]*)[\"'`]?\s*:", text)}
    used = {(path, name) for path, text in texts.items() for name in re.findall(r"var\(--([a-z][\w-]*)", text)}
    assert {f"{path}: --{name}" for path, name in used if name not in known} == set()
