"""What the demo brand consists of, read from `brand.toml` and `menu.toml` in this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

import msgspec

from goodtaste.kernel.ids import derived_id
from goodtaste.org.api import Role, TablesPay
from goodtaste.pricing.api import CouponKind

T = TypeVar("T")
ROOT = "01930000-0000-7000-8000-000000000000"  # the id from which all others of the demo brand are derived


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what the files hold: a field that is not declared is a mistake in the file."""


class BrandName(Data, frozen=True):
    """What the brand is called."""

    name: str
    name_en: str


class AreaData(Data, frozen=True):
    """An area, and its tables as `org.NewTables` names them."""

    name: str
    labels: str
    seats: int


class StoreData(Data, frozen=True):
    """A store; `hours` names a table of opening hours."""

    code: str
    name: str
    name_en: str
    city: str
    address: str
    address_en: str
    phone: str
    latitude_e6: int
    longitude_e6: int
    licence: str
    hours: str
    tables_pay: TablesPay
    areas: list[AreaData]


class HoursData(Data, frozen=True):
    """Opening hours on some days of the week (0 = Monday), in minutes after midnight."""

    days: list[int]
    opens: int
    closes: int


class StationData(Data, frozen=True):
    """A station of every kitchen, as `floor.PutStation` says."""

    name: str
    kind: Literal["make", "expo"] = "make"
    capacity: int = 1


class PrinterData(Data, frozen=True):
    """A printer of every store, as `floor.NewPrinter` says.

    `host` is the first part of its address; `stations` and `fallback` are names.
    """

    name: str
    host: str
    purposes: list[str]
    kind: str = "escpos"
    paper_mm: int = 80
    stations: list[str] = []
    fallback: str = ""


class PersonData(Data, frozen=True):
    """A person of the staff; without a store they work for the whole brand.  `pin` names a secret."""

    login: str
    name: str
    role: Role
    store: str = ""
    pin: str = ""


class TemplateData(Data, frozen=True):
    """A coupon template, as `promo.NewTemplate` says; `dishes` are codes."""

    key: str
    name: str
    name_en: str
    kind: CouponKind
    value: int
    valid_days: int
    threshold_fen: int = 0
    cap_fen: int | None = None
    dishes: list[str] = []
    budget_count: int | None = None
    budget_fen: int | None = None
    limit_each: int = 1
    claimable: bool = False
    on_event: Literal["member_joined"] | None = None


class OfferData(Data, frozen=True):
    """An offer, as `pricing.Offer` says; where it names dishes, they are codes."""

    key: str
    name: str
    name_en: str
    cost_centre: str
    benefit: dict[str, Any]
    conditions: dict[str, Any] = {}
    groups: list[str] = []


class PlanData(Data, frozen=True):
    """A paid membership, as `NewPlan` says; where a benefit names a template, it is its key."""

    code: str
    name: str
    name_en: str
    price_fen: int
    benefits: list[dict[str, Any]]
    level: str | None = None


class BirthdayData(Data, frozen=True):
    """A birthday without its year."""

    month: int
    day: int


class MemberData(Data, frozen=True):
    """A member of the demo brand, with points and coupons (keys of templates) to begin with."""

    phone: str
    nickname: str
    gender: Literal["", "female", "male", "other"] = ""
    language: Literal["zh-CN", "en"] = "zh-CN"
    city: str = ""
    birthday: BirthdayData | None = None
    points: int = 0
    coupons: list[str] = []


class BrandData(Data, frozen=True):
    """The brand, all but its menu."""

    brand: BrandName
    hours: dict[str, list[HoursData]]
    secrets: dict[str, str]
    stores: list[StoreData]
    stations: list[StationData]
    routes: dict[str, str]
    printers: list[PrinterData]
    staff: list[PersonData]
    templates: list[TemplateData]
    program: dict[str, int]
    offers: list[OfferData]
    plans: list[PlanData]
    members: list[MemberData]


class CategoryData(Data, frozen=True):
    """A category of the menu."""

    name: str
    name_en: str


class OptionData(Data, frozen=True):
    """A choice within a group."""

    name: str
    name_en: str
    price_fen: int


class GroupData(Data, frozen=True):
    """A group of options that several dishes have."""

    key: str
    name: str
    name_en: str
    min_picks: int
    max_picks: int
    options: list[OptionData]


class SizeData(Data, frozen=True):
    """A SKU with its prices."""

    code: str
    list_fen: int
    name: str = ""
    name_en: str = ""
    member_fen: int | None = None


class ChoiceData(Data, frozen=True):
    """What may fill a slot of a set meal; `sku` is a code."""

    sku: str
    qty: int = 1
    extra_fen: int = 0


class SlotData(Data, frozen=True):
    """A slot of a set meal."""

    name: str
    name_en: str
    choices: list[ChoiceData]


class DishData(Data, frozen=True):
    """A dish, or, with slots, a set meal; `portions` is what each store has of each size on a day."""

    code: str
    category: str
    name: str
    name_en: str
    description: str
    description_en: str
    spice: int
    prep_minutes: int
    station: str
    portions: int
    sizes: list[SizeData]
    tags: list[str] = []
    allergens: list[str] = []
    groups: list[str] = []
    slots: list[SlotData] = []


class MenuData(Data, frozen=True):
    """The menu."""

    categories: list[CategoryData]
    groups: list[GroupData]
    dishes: list[DishData]


def id_of(kind: str, name: str) -> str:
    """Return the id of something of the demo brand, the same in every house."""
    return derived_id(ROOT, f"{kind}/{name}")


def _read(name: str, kind: type[T]) -> T:
    return msgspec.toml.decode((files("goodtaste.twin") / name).read_bytes(), type=kind)


@cache
def brand() -> BrandData:
    """Return the brand, all but its menu."""
    return _read("brand.toml", BrandData)


@cache
def menu() -> MenuData:
    """Return the menu."""
    return _read("menu.toml", MenuData)
