"""Draw the pictures of docs/printing.md from the bytes that printers get.

Usage: python -m tools.printing, from the root of a checkout.  It needs Noto Sans CJK (Debian: fonts-noto-cjk), or another font with Chinese
characters that GOODTASTE_PRINTER_FONT names.
"""

from __future__ import annotations

import os
from pathlib import Path

from goodtaste.floor.printing import picture, slips
from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.receipts import Both, Item, MemberPart, Sale, Saving, Tender, receipt

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SALE = Sale(
    brand=Both("好味", "goodtaste"),
    store=Both("西湖店", "West Lake"),
    address="湖滨路 28 号",
    phone="0571-8888 0925",
    number="0317",
    where=Both("堂食 A12", "Table A12"),
    at="2026-11-22 12:46",
    items=(
        Item("秘制红烧肉", 1, 5_800, ("少糖", "加卤蛋")),
        Item("蟹粉小笼包", 2, 7_200),
        Item("手打冻柠茶", 2, 3_200, ("少冰",), "一杯打包"),
        Item("蒜蓉菜心", 1, 2_200),
    ),
    savings=(Saving(Both("满100减20", "20 off 100"), 2_000), Saving(Both("积分抵扣", "Points"), 860)),
    list_fen=18_400,
    due_fen=15_540,
    tenders=(Tender("cash", 15_540, 20_000, 4_460),),
    member=MemberPart(Both("银卡", "Silver"), 15, 441, 860),
    carbon_g=4_100,
    qr_url="https://goodtaste.example/r/AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUu",
)
TICKET = slips.Ticket(
    turn="fire",
    where=Both("堂食 A12", "Table A12"),
    number="0317",
    station="炒锅",
    at="12:46",
    dishes=(
        slips.Dish("秘制红烧肉", 2, ("加卤蛋",), "少糖", 2, "2 号客人"),
        slips.Dish("凉拌黄瓜", 1, (), "", 1),
    ),
)
PICTURES: dict[str, tuple[Document, int]] = {
    "receipt-80.webp": (receipt(SALE, english=False), 80),
    "receipt-58-en.webp": (receipt(SALE, english=True), 58),
    "kitchen-slip.webp": (slips.kitchen(TICKET, english=False), 80),
    "label.webp": (slips.labels("0317", TICKET.dishes[:1], at="12:46", english=False), 58),
}


def drawn(name: str) -> bytes:
    """Return a picture of the documentation as a file."""
    document, paper = PICTURES[name]
    font = picture.font_file(os.environ.get("GOODTASTE_PRINTER_FONT", ""))
    return picture.preview(document, paper_mm=paper, font=font, kind="WEBP")


if __name__ == "__main__":
    for each in PICTURES:
        (FOLDER / each).write_bytes(drawn(each))
        print(f"{each}: {(FOLDER / each).stat().st_size} bytes")
