"""Write the reference pages of the documentation from the code (settings, command line, events, refusals, metrics, routes) and the figures,
and the description of what crosses the broker.

Usage: python -m tools.docs, from the root of a checkout.  A test compares the pages with what this would write.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import click
import msgspec
import msgspec.inspect
from bench.figures import RESULTS, Figure
from litestar.handlers import HTTPRouteHandler
from prometheus_client import Gauge
from prometheus_client.metrics import MetricWrapperBase

from goodtaste.app import cli, pages, rooms
from goodtaste.app.roles import ROLES
from goodtaste.kernel import telemetry
from goodtaste.kernel.config import PREFIX, Settings
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.outbox import EVENTS
from goodtaste.kernel.words import sentences
from tools import asyncapi

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code; do not edit. -->"


def table(*heads: str, rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(_cell(each) for each in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").strip()


def _about(thing: Any) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def settings() -> str:
    """Return the page of settings."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        default = "" if field.default in ("", msgspec.NODEFAULT) else f"`{_shown(field.default)}`"
        rows.append((f"`{PREFIX}{field.name.upper()}`", _description(field.type), _takes(field.type), default))
    return f"""# Settings

Each is read from the environment, from a TOML file (`{PREFIX}CONFIG`, else `goodtaste.toml` in the folder where `goodtaste` starts),
or has its default, in this order. The name in the file is the one below without `{PREFIX}`, in small letters. They are checked as a
whole before anything starts, and every fault is told at once. `{PREFIX}CONFIG` itself names the file.

```toml example
host = "127.0.0.1"
port = 8000
log_level = "info"
```

{table("Setting", "What it is", "Takes", "Default", rows=rows)}
"""


def _description(kind: Any) -> str:
    return next((m.description for m in getattr(kind, "__metadata__", ()) if getattr(m, "description", None)), "")


def _takes(kind: Any) -> str:
    info = msgspec.inspect.type_info(kind)
    while isinstance(info, msgspec.inspect.Metadata):
        info = info.type
    if isinstance(info, msgspec.inspect.IntType):
        return f"{info.ge} to {info.le}"
    if isinstance(info, msgspec.inspect.LiteralType):
        return ", ".join(f"`{value}`" for value in info.values if value)
    return "`true`, `false`" if isinstance(info, msgspec.inspect.BoolType) else "text"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def command_line() -> str:
    """Return the page of the command line."""
    roles = table("Role", "What it does", rows=[(f"`{role.name}`", role.about) for role in ROLES.values()])
    parts = [
        f"""# Command line

Every fault is told in a sentence on standard error, with what to do, and exit status 1; a command that was written wrongly ends with 2.
Messages are in Chinese where `{PREFIX}LANGUAGE` or the terminal's locale says so, else in English.

## Roles of a process

{roles}
"""
    ]
    parts += [_command(path, found) for path, found in commands(cli.main, "goodtaste")]
    return "\n".join(parts)


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Give every command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, found in sorted(command.commands.items()):
            yield from commands(found, f"{path} {name}")


def _command(path: str, command: click.Command) -> str:
    rows = []
    for each in command.params:
        if isinstance(each, click.Option):
            default = each.default if each.show_default and each.default is not None else ""
            kind = "" if each.is_flag else f" {each.metavar or each.type.name.upper()}"
            rows.append((f"`{', '.join(each.opts)}{kind}`", each.help or "", f"`{default}`" if default != "" else ""))
        else:
            rows.append(
                (
                    f"`{each.metavar or each.human_readable_name}`",
                    "Needed." if each.required else "May be left out.",
                    "",
                )
            )
    options = f"\n\n{table('Option', 'What it does', 'Default', rows=rows)}" if rows else ""
    return f"## `{path}`\n\n{' '.join((command.help or '').split())}{options}\n"


def events() -> str:
    """Return the page of events."""
    parts = [
        """# Events

What the rooms tell each other and the world, each written in the transaction that caused it and delivered afterwards, at least once and
in order for its key. Fields hold ids, amounts and states only: no phone, no name.
"""
    ]
    ours = {topic: event for topic, event in EVENTS.items() if event.__module__.startswith("goodtaste.")}
    for topic, event in sorted(ours.items()):
        fields = [(f"`{field.name}`", f"`{_type(field.type)}`") for field in msgspec.structs.fields(event)]
        parts.append(
            f"## `{topic}`\n\n{_about(event)}\n\nOrdered by `{event.key_field}`.\n\n{table('Field', 'Type', rows=fields)}\n"
        )
    return "\n".join(parts)


def _type(kind: Any) -> str:
    if get_origin(kind) is None:
        return getattr(kind, "__name__", str(kind))
    arguments = [repr(each) if isinstance(each, str) else _type(each) for each in get_args(kind)]
    name = getattr(get_origin(kind), "__name__", str(get_origin(kind)))
    return " | ".join(arguments) if name in ("UnionType", "Union") else f"{name}[{', '.join(arguments)}]"


def refusals() -> str:
    """Return the page of refusals."""
    parts = [
        """# Refusals

What the product says no to. Over HTTP each is `application/problem+json` (RFC 9457): `code` is stable, `title` says what is wrong,
`detail` what to do, `facts` holds the values behind them, `trace` is the id under which the log has it. The language follows
`Accept-Language`.
"""
    ]
    for code, refusal in sorted(REFUSALS.items()):
        said = "\n".join(
            f"- {language}: {each.say}. {each.do}" if language == "en" else f"- {language}：{each.say}。{each.do}"
            for language in ("zh-CN", "en")
            for each in (sentences(language)[code],)
        )
        parts.append(f"## {code}\n\nStatus {refusal.status}. {_about(refusal)}\n\n{said}\n")
    return "\n".join(parts)


def metrics() -> str:
    """Return the page of metrics."""
    rows = []
    for metric in sorted(all_metrics(), key=lambda each: each._name):
        kind = metric._type
        name = f"{metric._name}_total" if kind == "counter" else metric._name
        rows.append((f"`{name}`", kind, metric._documentation, ", ".join(f"`{each}`" for each in metric._labelnames)))
    return f"""# Metrics

`GET /metrics` answers in the format of Prometheus: to this machine, or, where `{PREFIX}METRICS_TOKEN` is set, to whoever sends it as
`Authorization: Bearer`. With several workers the figures of all of them are added up. Times are in seconds.

{table("Metric", "Kind", "What it counts", "Labels", rows=rows)}
"""


def all_metrics() -> list[MetricWrapperBase]:
    """Return every metric of the product."""
    return [each for each in vars(telemetry).values() if isinstance(each, MetricWrapperBase | Gauge)]


def routes() -> str:
    """Return the page of routes."""
    rows = []
    for handler in all_routes():
        allow = handler.opt["allow"]
        who = ", ".join(sorted(allow.kinds)) if len(allow.kinds) < 5 else "anybody"
        lines = _about(handler.fn).split(". ")
        for path in sorted(handler.paths):
            for method in sorted(handler.http_methods):
                rows.append(
                    (path, method, who, f"`{allow.permission}`" if allow.permission else "", lines[0].rstrip(".") + ".")
                )
    rows.sort()
    shown = [(f"`{method} {path}`", who, permission, says) for path, method, who, permission, says in rows]
    return f"""# Routes

What a running house answers; `/docs` there shows what each takes and gives. A permission is needed by staff only, at the store that the
request is about. Ids of new things are made by the caller and are the idempotency key: the same id again, after any doubt, does the thing
once.

{table("Route", "Who", "Permission", "What it does", rows=shown)}
"""


def all_routes() -> list[HTTPRouteHandler]:
    """Return every route of the product."""
    return [each for each in (*pages.ROUTES, *rooms.ROUTES) if isinstance(each, HTTPRouteHandler)]


def benchmarks() -> str:
    """Return the page of figures: what the last runs of the benchmarks saw."""
    kept = msgspec.json.decode(RESULTS.read_bytes(), type=list[Figure])
    verdict = {None: "", True: "met", False: "**missed**"}
    rows = [(f"`{f.name}`", f"{f.value:,.4g}", f.unit, f.target, verdict[f.met], f"`{f.command}`", f.on) for f in kept]
    return f"""# Benchmarks

What the last run of each benchmark saw, on: {"; ".join(sorted({f.machine for f in kept}))}. [Performance](../performance.md) says what
the names mean and where the time goes. `make bench` measures again and writes `bench/results.json`, `make docs` this page.

{table("Figure", "Value", "Unit", "Target", "", "Command", "On", rows=rows)}
"""


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "cli.md": command_line,
    "events.md": events,
    "refusals.md": refusals,
    "metrics.md": metrics,
    "routes.md": routes,
    "benchmarks.md": benchmarks,
}


def written(name: str) -> str:
    """Return the text of a page as it should stand."""
    head, _, rest = PAGES[name]().partition("\n")
    return f"{head}\n\n{NOTE}\n{rest.rstrip()}\n"


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncapi.PATH.write_text(asyncapi.text(), "utf-8")
    print("docs/channels/asyncapi.json")
    for name in PAGES:
        (FOLDER / name).write_text(written(name), "utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
