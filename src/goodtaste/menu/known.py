"""Tags and allergens that most menus have, in English: a menu writes them once, in the language of its brand.

Allergens are those of GB 7718-2025 and the words that kitchens use for them; a word that is not known is shown as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ENGLISH: Mapping[str, str] = {
    "招牌": "Signature",
    "本店招牌": "House signature",
    "推荐": "Recommended",
    "热销": "Popular",
    "人气": "Popular",
    "新品": "New",
    "时令": "Seasonal",
    "限量": "Limited",
    "清淡": "Light",
    "家常": "Home style",
    "素": "Vegetarian",
    "素食": "Vegetarian",
    "纯素": "Vegan",
    "清真": "Halal",
    "甜": "Sweet",
    "酸": "Sour",
    "咸": "Salty",
    "辣": "Spicy",
    "微辣": "Mild",
    "麻辣": "Numbing and hot",
    "凉": "Cold",
    "热": "Hot",
    "单人": "For one",
    "双人": "For two",
    "亲子": "Family",
    "儿童": "For children",
    "下酒": "With drinks",
    "低卡": "Low calorie",
    "无糖": "No sugar",
    "现做": "Made to order",
    "手工": "Handmade",
    "小麦": "wheat",
    "麸质": "gluten",
    "大豆": "soy",
    "花生": "peanuts",
    "芝麻": "sesame",
    "坚果": "nuts",
    "蛋": "egg",
    "鸡蛋": "egg",
    "乳": "milk",
    "牛奶": "milk",
    "鱼": "fish",
    "虾": "shrimp",
    "蟹": "crab",
    "甲壳类": "crustaceans",
    "贝类": "shellfish",
    "软体动物": "molluscs",
    "芹菜": "celery",
    "芥末": "mustard",
    "酒精": "alcohol",
}


def in_english(words: Iterable[str]) -> tuple[str, ...]:
    """Return tags or allergens in English, each that is not known as it was written."""
    return tuple(ENGLISH.get(each, each) for each in words)
