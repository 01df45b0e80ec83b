"""Text as printers take it: GB18030 of one or two bytes a character, as many columns as bytes, and nothing in it that is a command.

Names and remarks are written by people.  What is no printable character of a printer's Chinese font (control characters, what turns the
direction of writing, what has no width, emoji, everything that GB18030 writes in four bytes) becomes `STAND_IN`, so that it is seen that
something stood there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

STAND_IN = "□"
CODEC = "gb18030"
_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_BLANKS = frozenset("\t\n\r\v\f\u00a0\u2002\u2003\u2009\u3000")
_SAME = {"\u00a5": "￥"}  # the yen sign of Latin-1 has four bytes, that of the Chinese fonts two


def plain(text: str) -> str:
    """Return a text as one printable line: blanks are spaces, runs of what cannot be printed one `STAND_IN`."""
    return "".join(_plain(unicodedata.normalize("NFC", text)))


def _plain(text: str) -> Iterator[str]:
    replaced = False
    for each in text:
        if each in _BLANKS:
            yield " "
        elif each in _SAME:
            yield _SAME[each]
        elif not _printable(each):
            if not replaced:
                yield STAND_IN
            replaced = True
            continue
        else:
            yield each
        replaced = False


def _printable(each: str) -> bool:
    return unicodedata.category(each) not in _UNPRINTABLE and len(each.encode(CODEC)) <= 2


def coded(text: str) -> bytes:
    """Return a text as the bytes that print it, neutralised."""
    return plain(text).encode(CODEC)


def columns(text: str) -> int:
    """Return how many columns a text takes that is `plain`: a printer gives each character of two bytes two of them."""
    return len(text.encode(CODEC))


def wrap(text: str, width: int) -> list[str]:
    """Return a text, neutralised, as lines of at most `width` columns (>= 2); a word of Latin letters breaks only where it must."""
    lines, line, used = list[str](), "", 0
    for word in _words(plain(text)):
        size = columns(word)
        if used + size > width and (used or size > width):
            if used:
                lines.append(line.rstrip(" "))
                line, used = "", 0
            if word == " ":
                continue
        while columns(word) > width:
            head = _head(word, width)
            lines.append(head)
            word = word[len(head) :]
        line, used = line + word, used + columns(word)
    return [*lines, line.rstrip(" ")] if line.strip(" ") or not lines else lines


def _words(text: str) -> Iterator[str]:
    """Give what may not be broken: runs of ASCII without a space; every other character by itself."""
    word = ""
    for each in text:
        if "!" <= each <= "~":
            word += each
            continue
        if word:
            yield word
        word = ""
        yield each
    if word:
        yield word


def _head(word: str, width: int) -> str:
    """Return the beginning of a word that fits."""
    used = 0
    for i, each in enumerate(word):
        used += columns(each)
        if used > width:
            return word[:i]
    return word


def beside(left: str, right: str, width: int) -> str:
    """Return two texts that are `plain` at the two ends of a line."""
    return left + " " * (width - columns(left) - columns(right)) + right
