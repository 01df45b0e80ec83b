"""The door of the menu."""

from goodtaste.menu.archive import DISHES_MAX as PAST_DISHES_MAX
from goodtaste.menu.archive import PastDish, archive, past_code
from goodtaste.menu.asked import (
    BadDish,
    ChoiceAsked,
    DishChange,
    GroupAsked,
    NewDish,
    OptionAsked,
    SkuAsked,
    SlotAsked,
)
from goodtaste.menu.book import COURSE_MAX, BadChoice, Choice, Chosen, Guest, MenuBook, NotOnMenu, Part, Words
from goodtaste.menu.catalogue import menu_snapshot
from goodtaste.menu.categories import (
    CategoryChange,
    ChangedMeanwhile,
    NewCategory,
    change_category,
    make_category,
)
from goodtaste.menu.days import begin_day, begin_days
from goodtaste.menu.diner import Pages, Short, short_snapshot
from goodtaste.menu.dishes import DishUnknown, change_dish, make_dish, switch_dish
from goodtaste.menu.making import Making, makings
from goodtaste.menu.portions import (
    MoreAsked,
    PortionsAsked,
    SoldOutAsked,
    add_portions,
    in_store,
    set_portions,
    switch_sold_out,
)
from goodtaste.menu.prices import NewPrices, PriceAsked, end_price, set_prices
from goodtaste.menu.stock import GUARDS as STOCK_GUARDS
from goodtaste.menu.stock import SoldOut, Stock, explain, give_back, stock_of, take, total
from goodtaste.menu.transfer import ImportRefused, Report, RowFault, import_menu

__all__ = [
    "COURSE_MAX", "PAST_DISHES_MAX", "STOCK_GUARDS", "BadChoice", "BadDish", "CategoryChange", "ChangedMeanwhile", "Choice",
    "ChoiceAsked", "Chosen", "DishChange", "DishUnknown", "GroupAsked", "Guest", "ImportRefused", "Making", "MenuBook",
    "MoreAsked", "NewCategory", "NewDish", "NewPrices", "NotOnMenu", "OptionAsked", "Pages", "Part", "PastDish",
    "PortionsAsked", "PriceAsked", "Report", "RowFault", "Short", "SkuAsked", "SlotAsked", "SoldOut", "SoldOutAsked", "Stock", "Words",
    "add_portions", "archive", "begin_day", "begin_days", "change_category", "change_dish", "end_price", "explain",
    "give_back", "import_menu", "in_store", "make_category", "make_dish", "makings", "menu_snapshot", "past_code",
    "set_portions", "set_prices", "short_snapshot", "stock_of", "switch_dish", "switch_sold_out", "take", "total",
]  # fmt: skip
