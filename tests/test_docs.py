"""The documentation is true: reference pages are as the code is, links lead somewhere, examples run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tools import docs

import goodtaste.app.cli
import goodtaste.app.web  # noqa: F401 - with it every room
from goodtaste.app import cli
from goodtaste.kernel.config import load

ROOT = Path(__file__).parents[1]
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"")
FENCE = re.compile(r"^```(\w+) example\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(kind, code, id=f"{text.relative_to(ROOT)}:{n}")
    for text in TEXTS
    for n, (kind, code) in enumerate(FENCE.findall(text.read_text("utf-8")), 1)
]


def _anchors(text: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", text.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- .]", "", head.lower()).replace(" ", "-").replace(".", "") for head in heads}


@pytest.mark.parametrize("name", docs.PAGES)
def test_a_reference_page_is_as_the_code_is(name: str) -> None:
    assert (docs.FOLDER / name).read_text("utf-8") == docs.written(name), "run `make docs` and commit what it writes"


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [text.relative_to(ROOT / "docs").as_posix() for text in TEXTS if (ROOT / "docs") in text.parents]
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


def test_every_room_has_a_page() -> None:
    rooms = {path.parent.name for path in (ROOT / "src" / "goodtaste").glob("*/api.py")}
    assert rooms - {path.stem for path in (ROOT / "docs" / "rooms").glob("*.md")} == set()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(text.relative_to(ROOT)))
def test_a_link_leads_somewhere(text: Path) -> None:
    written = FENCE.sub("", text.read_text("utf-8"))
    targets = LINK.findall(written) + [first or second for first, second in PICTURE.findall(written)]
    broken = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (text.parent / path).resolve() if path else text
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in _anchors(there)):
            broken.append(target)
    assert broken == []


def test_every_verb_of_the_command_line_is_told() -> None:
    page = (docs.FOLDER / "cli.md").read_text("utf-8")
    paths = [path for path, _ in docs.commands(cli.main, "goodtaste")]
    assert len(paths) > 10
    assert [path for path in paths if f"## `{path}`" not in page] == []


def test_every_verb_says_what_it_does() -> None:
    assert [path for path, command in docs.commands(cli.main, "goodtaste") if not command.help] == []
    mute = [
        (path, each.name)
        for path, command in docs.commands(cli.main, "goodtaste")
        for each in command.params
        if each.param_type_name == "option" and not getattr(each, "help", None)
    ]
    assert mute == []


@pytest.mark.parametrize(("kind", "code"), EXAMPLES)
def test_an_example_runs(kind: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "toml":
        (tmp_path / "goodtaste.toml").write_text(code)
        monkeypatch.chdir(tmp_path)
        assert load({})
        return
    programs = {"python": [sys.executable, "-"], "sh": ["bash", "-euo", "pipefail"]}
    home = Path(sys.executable).parent
    mine = {name: value for name, value in os.environ.items() if not name.startswith("GOODTASTE_")}
    env = mine | {
        "PATH": f"{home}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        programs[kind], input=code, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[\[<>=;, ]", each)[0] for each in wanted}
    for file in (*(ROOT / "web").glob("*/package.json"), *(ROOT / "web").glob("shared/*/package.json")):
        said = json.loads(file.read_text("utf-8"))
        wanted = [*said.get("dependencies", ()), *said["devDependencies"]]
        names |= {re.sub("^@dcloudio/.*", "@dcloudio/*", each) for each in wanted}
    record = (ROOT / "docs" / "decisions" / "0008-dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", record, re.MULTILINE)
    assert {each for row in rows for each in re.findall("`(.*?)`", row)} == names


def test_the_locked_requirements_hold_every_dependency_and_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for file, wanted in (
        ("requirements.lock", [*project["dependencies"], *extras["build"]]),
        ("requirements-dev.lock", [*project["dependencies"], *extras["build"], *extras["dev"]]),
        ("requirements-web.lock", [*project["dependencies"], *extras["build"], *extras["web"]]),
    ):
        locked = (ROOT / file).read_text()
        pins = dict(re.findall(r"^([\w.-]+)==([\w.+]+)", locked, re.MULTILINE))
        for each in wanted:
            found = re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", each)
            assert found, each
            name, least = found.groups()
            assert name in pins, f"{file} lacks {name}: run `make lock`"
            assert _version(pins[name]) >= _version(least), f"{file} has {name} {pins[name]}: run `make lock`"
        assert "://" not in locked
        assert locked.count("--hash=sha256:") > len(pins)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
