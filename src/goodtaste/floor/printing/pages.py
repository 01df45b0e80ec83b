"""Documents that show what a printer can do."""

from __future__ import annotations

from datetime import datetime

from goodtaste.floor.printing.paper import Cells, Cut, Document, Feed, Rule, Text, row
from goodtaste.floor.printing.printers import Printer


def test_page(on: Printer, at: datetime) -> Document:
    """Return a page that shows whether a printer lines text up, prints Chinese, and cuts."""
    return Document(
        (
            Text("测试 TEST", "center", "big"),
            Text(on.name, "center"),
            Rule(),
            Cells("秘制红烧肉 Braised pork", (("x2", 4), ("116.00", 9))),
            Cells("珍珠奶茶（大杯）少冰 加燕麦 Milk tea with pearls", (("x1", 4), ("18.00", 9))),
            Rule(),
            row("合计 Total", "￥134.00", bold=True, size="tall"),
            Text(f"{at:%Y-%m-%d %H:%M:%S} UTC · {', '.join(on.purposes)}"),
            Feed(),
            Cut(),
        )
    )
