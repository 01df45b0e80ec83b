"""What the decoder says of a value that does not fit, in the caller's language."""

from __future__ import annotations

import re

_CHINESE = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"Object missing required field `(.+)`", "缺少 {0}"),
        (r"Object contains unknown field `(.+)`", "没有 {0} 这一项"),
        (r"Invalid (?:enum )?value (.+), may be: (.+)", "没有 {0} 这个选项，可选：{1}"),
        (r"Invalid enum value (.+)", "没有 {0} 这个选项"),
        (r"Invalid value (.+)", "没有 {0} 这个选项"),
        (r"Expected `(?:int|float)` >= (.+)", "不能小于 {0}"),
        (r"Expected `(?:int|float)` <= (.+)", "不能大于 {0}"),
        (r"Expected `(?:int|float)` > (.+)", "必须大于 {0}"),
        (r"Expected `(?:int|float)` < (.+)", "必须小于 {0}"),
        (r"Expected `str` of length >= (.+)", "至少 {0} 个字符"),
        (r"Expected `str` of length <= (.+)", "最多 {0} 个字符"),
        (r"Expected `(?:array|object)` of length >= (.+)", "至少 {0} 项"),
        (r"Expected `(?:array|object)` of length <= (.+)", "最多 {0} 项"),
        (r"Expected `str` matching regex .+", "格式不对"),
        (r"Expected `(.+)`, got `(.+)`", "应为 {0}，而收到 {1}"),
        (r"Invalid (?:RFC3339|ISO8601) .+", "日期或时间的格式不对"),
        (r"Input data was truncated", "内容不完整"),
        (r"JSON is malformed: .*\(byte (\d+)\)", "不是有效的 JSON（第 {0} 字节）"),
        (r"is not an id", "不是编号"),
    )
)


def in_chinese(what: str) -> str:
    """Return in Chinese what the decoder said; what is not known stays as it is."""
    for pattern, said in _CHINESE:
        if found := pattern.fullmatch(what):
            return said.format(*found.groups())
    return what
