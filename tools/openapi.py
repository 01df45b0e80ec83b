"""Write the description of the API, from which the screens' types are made: `python -m tools.openapi`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from litestar.serialization import encode_json

from goodtaste.app import rooms
from goodtaste.app.web import litestar_app
from goodtaste.kernel import clock
from goodtaste.kernel.config import Settings, keyring_of
from goodtaste.kernel.context import Process
from goodtaste.kernel.db.open import open_database

MADE = Path(__file__).parents[1] / "web" / "shared" / "api" / "made"


async def described() -> bytes:
    """Return the description of the API as JSON; no table is read for it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=folder, demo=True)
        process = Process(
            settings=settings, db=await open_database(settings), keyring=keyring_of(settings), clock=clock.now
        )
        try:
            rooms.furnish(process)
            return encode_json(litestar_app(process).openapi_schema.to_schema())
        finally:
            await rooms.clear(process)
            await process.db.close()


def main() -> None:
    """Write the file."""
    MADE.mkdir(parents=True, exist_ok=True)
    (MADE / "openapi.json").write_bytes(asyncio.run(described()))


if __name__ == "__main__":
    main()
