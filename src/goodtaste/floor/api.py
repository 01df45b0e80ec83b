"""The door of the floor."""

from goodtaste.floor.kitchen.stations import PutRoutes, PutStation, RouteAsked, set_routes, set_station
from goodtaste.floor.printing.printers import NewPrinter
from goodtaste.floor.printing.printers import make as make_printer
from goodtaste.floor.proof import PROOFS
from goodtaste.floor.seating.opening import RulesAsked, set_rules

__all__ = [
    "PROOFS",
    "NewPrinter",
    "PutRoutes",
    "PutStation",
    "RouteAsked",
    "RulesAsked",
    "make_printer",
    "set_routes",
    "set_rules",
    "set_station",
]
