"""Build the diner's app as mini-programs and hold their sizes: `python -m tools.minis`, or with the names of those that are wanted.

All come of one source.  What a shop of mini-programs loads at the first tap is the main package, which stays small on every platform.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tools import web

DINER = web.WEB / "diner"
MINIS = ("mp-weixin", "mp-alipay", "mp-toutiao")
MAIN_MAX = 800_000  # bytes of the main package, pictures and all; the platforms allow 2 MB
PART_MAX = 2_000_000  # of a sub-package, as every platform allows


def built(mini: str) -> Path:
    """Build a mini-program, and return its folder; raises CannotBuild where it has no pages."""
    web.npm(DINER, "run", f"build:{mini}", "--silent")
    folder = DINER / "dist" / "build" / mini
    if not (folder / "app.json").exists():
        raise web.CannotBuild(f"{mini} has no app.json")
    return folder


def sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of the main package (named "") and of each sub-package."""
    about = json.loads((folder / "app.json").read_text())
    parts = {part["root"].strip("/"): 0 for part in about.get("subPackages") or about.get("subpackages") or []}
    parts[""] = 0
    for path in folder.rglob("*"):
        if path.is_file():
            root = path.relative_to(folder).parts[0]
            parts[root if root in parts else ""] += path.stat().st_size
    return parts


def too_large(mini: str, parts: dict[str, int]) -> list[str]:
    """Say how large a mini-program is, and return what of it is too large."""
    found = []
    for root, size in sorted(parts.items()):
        limit = PART_MAX if root else MAIN_MAX
        web.say(f"  {mini} {root or 'main package'}: {size / 1000:.0f} KB of {limit / 1000:.0f} KB")
        if size > limit:
            found.append(f"{mini} {root or 'main package'}: {size} of {limit} bytes")
    return found


def main(wanted: list[str]) -> int:
    """Build those that are wanted, or all; exit status 1 where one cannot be built or is too large."""
    web.install(DINER, tests=False)
    try:
        found = [each for mini in wanted or MINIS for each in too_large(mini, sizes(built(mini)))]
    except web.CannotBuild as fault:
        web.say(str(fault))
        return 1
    for each in found:
        web.say(f"Too large: {each}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
