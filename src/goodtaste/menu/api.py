"""The door of the menu."""

from goodtaste.menu.book import BadChoice, Choice, Chosen, MenuBook, NotOnMenu
from goodtaste.menu.catalogue import menu_snapshot
from goodtaste.menu.stock import GUARDS as STOCK_GUARDS
from goodtaste.menu.stock import SoldOut, explain, give_back, take, total

__all__ = [
    "STOCK_GUARDS", "BadChoice", "Choice", "Chosen", "MenuBook", "NotOnMenu", "SoldOut", "explain", "give_back", "menu_snapshot", "take",
    "total",
]  # fmt: skip
