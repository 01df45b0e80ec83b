"""Write the design tokens as style sheets: `python -m tools.tokens` turns web/shared/tokens/tokens.json into `staff.css` (px) and
`diner.css` (rpx, for a mini-program and its web page).

Both begin with the light colours; dark ones hold under `data-theme="dark"`, and in the diner's app also where the phone is dark.  Those of
high contrast, for a kiosk, hold under `data-theme="contrast"`.
`text` in the file lists every pair of text and ground that a screen may use, `edges` what must be seen against what; a test holds each to
the contrast that WCAG 2.2 AA asks for, in both themes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "web" / "shared" / "tokens"
NOTE = "/* Written by `python -m tools.tokens` from tokens.json; do not edit. */\n"
WEB_ONLY = "/* #ifdef H5 */\n{web}\n/* #endif */\n/* #ifndef H5 */\n{mini}\n/* #endif */\n"


def tokens() -> dict[str, Any]:
    """Return the tokens as they are written by hand."""
    read: dict[str, Any] = json.loads((FOLDER / "tokens.json").read_text())
    return read


def _rule(selector: str, values: dict[str, object], unit: str = "") -> str:
    rows = "".join(f"  --{name}: {value}{unit if value else ''};\n" for name, value in values.items())
    return f"{selector} {{\n{rows}}}"


def _plain(of: dict[str, Any], where: str, unit: str) -> dict[str, object]:
    """Return what is the same in light and dark: sizes of one kind of screen, type, motion, and colours that do not turn."""
    sized = {**of["type"][where], **of["space"][where], **of["radius"][where]}
    return {
        **{name: f"{value}{unit}" for name, value in sized.items()},
        "font": of["type"]["font"],
        "font-display": of["type"]["font-display"],
        "lift": f"{of['lift'][where]} var(--shadow)",
        **of["motion"],
        **of["fixed"],
    }


def staff_css(of: dict[str, Any]) -> str:
    """Return the style sheet of the store's screens and the console."""
    light = _rule(":root", {"color-scheme": "light", **of["colors"]["light"], **_plain(of, "staff", "px")})
    dark = _rule('[data-theme="dark"]', {"color-scheme": "dark", **of["colors"]["dark"]})
    clear = _rule('[data-theme="contrast"]', {"color-scheme": "dark", **of["colors"]["contrast"]})
    return NOTE + "\n".join((light, dark, clear)).replace("--color-scheme", "color-scheme") + "\n"


def diner_css(of: dict[str, Any]) -> str:
    """Return the style sheet of the diner's app; a mini-program knows `page`, a web page its root."""
    values = {**of["colors"]["light"], **_plain(of, "diner", "rpx")}
    light = WEB_ONLY.format(web=_rule(":root", values), mini=_rule("page", values))
    dark = WEB_ONLY.format(
        web=_rule(":root:not([data-theme])", of["colors"]["dark"]), mini=_rule("page", of["colors"]["dark"])
    )
    asked = _rule('[data-theme="dark"]', of["colors"]["dark"])
    return f"{NOTE}{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n/* #ifdef H5 */\n{asked}\n/* #endif */\n"


def sheets() -> dict[str, str]:
    """Return every style sheet by its name."""
    of = tokens()
    return {"staff.css": staff_css(of), "diner.css": diner_css(of)}


def main() -> None:
    """Write the style sheets."""
    for name, text in sheets().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
