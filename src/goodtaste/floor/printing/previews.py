"""Pictures of print jobs: what a receipt printer makes of their documents, for who looks before printing again."""

from __future__ import annotations

import asyncio

from goodtaste.floor.printing import handling, picture
from goodtaste.floor.printing.paper import headed
from goodtaste.floor.printing.printers import ONE
from goodtaste.floor.printing.prints import NotNow
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.errors import Refusal


class NoPrinterFont(Refusal):
    """Raised when a picture is wanted where no font with Chinese characters is found."""

    code = "floor.no_printer_font"
    status = 503


async def preview(ctx: Ctx, job_id: str) -> bytes:
    """Return what a job prints, under its marks, as a PNG.

    Refuses `PrintJobUnknown`, `NotAllowed`, `NotNow` where what it printed is forgotten, and `NoPrinterFont`.
    """
    job = (await ctx.query(handling.file(job_id, actor=ctx.actor))).job
    if not job.kept:
        raise NotNow(state="forgotten")
    try:
        font = picture.font_file(ctx.process.settings.printer_font)
    except picture.NoFont as error:
        raise NoPrinterFont from error
    [on] = await ctx.db.rows(ONE(id=job.printer_id))
    document = headed(job.document, job.marks)
    return await asyncio.to_thread(picture.preview, document, paper_mm=on.paper_mm, font=font)
