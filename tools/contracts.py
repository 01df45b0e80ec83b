"""Check who may import whom, as docs/architecture.md says.  Exit status 1, and a line for each import that may not be.

Four contracts, without exceptions: layers (every folder of the package stands in one), doors (a room is entered through its `api` and
heard through `events`), web (routes, the edge and `app` alone know the framework), and pure (rules and pricing touch nothing).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import grimp

PACKAGE = "goodtaste"

# Highest first; rooms of one layer do not know each other.
LAYERS = (
    ("__main__",),
    ("app",),
    ("node", "twin"),
    ("insight", "channel", "outreach", "supply", "floor"),
    ("ordering",),
    ("promo",),
    ("member",),
    ("payment", "menu"),
    ("org",),
    ("ledger", "pricing"),
    ("events",),
    ("kernel",),
    ("locales",),
)
OPEN = {"events", "kernel", "locales"}  # what anybody above may enter by any door
FRAMEWORKS = {"litestar", "starlette", "uvicorn"}
IMPURE = {
    *("asyncio", "httpx", "http", "urllib", "socket", "ssl", "requests", "aio_pika"),  # network
    *("sqlalchemy", "sqlite3", "asyncpg", "alembic"),  # database
    *("time", "random", "secrets", "uuid", "os", "pathlib", "subprocess", "threading"),  # clock, chance, the machine
}
IMPURE_INSIDE = (f"{PACKAGE}.kernel.clock", f"{PACKAGE}.kernel.db")


def room_of(module: str) -> str:
    """Return the folder of the package that a module stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def layers(graph: grimp.ImportGraph) -> Iterator[str]:
    """Give what breaks the order of the layers, and folders that stand in none."""
    there = {room_of(child) for child in graph.find_children(PACKAGE)}
    for stranger in sorted(there - {name for layer in LAYERS for name in layer}):
        yield f"layers: {PACKAGE}.{stranger} stands in no layer; name it in tools/contracts.py"
    present = [tuple(f"{PACKAGE}.{name}" for name in layer if name in there) for layer in LAYERS]
    wanted = [grimp.Layer(*layer, independent=True) for layer in present if layer]
    for found in graph.find_illegal_dependencies_for_layers(wanted):
        for route in sorted(found.routes, key=lambda route: sorted(route.heads)):
            chain = [*sorted(route.heads)[:1], *route.middle, *sorted(route.tails)[:1]]
            yield f"layers: {found.importer} may not know {found.imported}: {' -> '.join(chain)}"


def doors(graph: grimp.ImportGraph) -> Iterator[str]:
    """Give imports of a room's inner modules by another room."""
    for importer, imported in _imports_inside(graph):
        mine, theirs = room_of(importer), room_of(imported)
        if mine in ("app", "__main__") or theirs in OPEN or mine == theirs or not mine or not theirs:
            continue
        if imported != f"{PACKAGE}.{theirs}.api":
            yield f"doors: {importer} imports {imported}; ask {PACKAGE}.{theirs}.api"


def web(graph: grimp.ImportGraph) -> Iterator[str]:
    """Give imports of the web framework where it is not known."""
    for framework in sorted(FRAMEWORKS & graph.modules):
        for importer in sorted(graph.find_modules_that_directly_import(framework)):
            last = importer.rpartition(".")[2]
            if room_of(importer) != "app" and last != "http" and importer != f"{PACKAGE}.kernel.web":
                yield f"web: {importer} imports {framework}; only http.py, kernel/web.py and app may"


def pure(graph: grimp.ImportGraph) -> Iterator[str]:
    """Give imports of a clock, database, network or chance by rules and pricing, and the ways that lead there."""
    inside = [each for each in IMPURE_INSIDE if each in graph.modules]
    for module in sorted(graph.modules):
        if not (module.startswith(PACKAGE) and (module.endswith(".rules") or room_of(module) == "pricing")):
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if imported in IMPURE:
                yield f"pure: {module} imports {imported}"
        for impure in inside:
            chain = graph.find_shortest_chain(module, impure, as_packages=False) or next(
                filter(None, (graph.find_shortest_chain(module, each) for each in graph.find_descendants(impure))), None
            )
            if chain:
                yield f"pure: {module} reaches {impure}: {' -> '.join(chain)}"


def faults(graph: grimp.ImportGraph) -> list[str]:
    """Return every breach of every contract."""
    return [fault for contract in (layers, doors, web, pure) for fault in contract(graph)]


def _imports_inside(graph: grimp.ImportGraph) -> Iterator[tuple[str, str]]:
    for importer in sorted(graph.modules):
        if importer.startswith(PACKAGE):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if imported.startswith(f"{PACKAGE}."):
                    yield importer, imported


def main() -> int:
    """Check the package that Python finds."""
    graph = grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)
    found = faults(graph)
    for fault in found:
        print(fault)
    print(f"{len(graph.modules)} modules, {graph.count_imports()} imports, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
