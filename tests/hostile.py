"""Strings that somebody hostile would type: a fixed list, and families put together by a seeded generator.

Whatever they try leaves a mark if it works: `ran` of the window is set, a dialog opens, an element of class `hx` is there, an address below
/hx is asked for, or braces come to `hxran`.
"""

from __future__ import annotations

import itertools
import random

SEED = 20_261_123
ALL = 2_000

FIXED = (
    "<script>window.ran=1</script>",
    "</script><script>window.ran=1</script>",
    "<img class=hx src=/hx onerror=window.ran=1>",
    "<svg class=hx onload=window.ran=1>",
    "<svg/class=hx/onload=alert(1)//",
    "<iframe class=hx srcdoc='<script>parent.ran=1</script>'>",
    "<base class=hx href=//evil.example/>",
    "<meta class=hx http-equiv=refresh content=0;url=/hx>",
    "<style class=hx>*{background:url(/hx)}</style>",
    "<link class=hx rel=stylesheet href=/hx>",
    "<math class=hx><mi xlink:href=javascript:ran=1>x",
    "<a class=hx href=javascript:window.ran=1>x</a>",
    "<details class=hx open ontoggle=window.ran=1>",
    "<form class=hx action=/hx><button>",
    "--><img class=hx src=/hx onerror=ran=1>",
    "]]><img class=hx src=/hx onerror=ran=1>",
    "'\"><img class=hx src=/hx onerror=ran=1>",
    '" onmouseover=window.ran=1 class=hx x="',
    "' autofocus onfocus=window.ran=1 class=hx x='",
    "javascript:window.ran=1",
    "JaVaScRiPt:window.ran=1//",
    "data:text/html,<script>ran=1</script>",
    "{{'hx'+'ran'}}",
    "{{constructor.constructor('window.ran=1')()}}",
    "${'hx'+'ran'}",
    "#{'hx'+'ran'}",
    "<%='hx'+'ran'%>",
    "{'hx'+'ran'}",
    "[[${'hx'+'ran'}]]",
    "__proto__",
    "constructor",
    "' OR 1=1; --",
    "; DROP TABLE orders --",
    "%00%0d%0aSet-Cookie:hx=1",
    "../../../../etc/passwd",
    "\u202e红烧肉\u202c",
    "\u2066ab\u2069\u200b\ufeff",
    "a\u0300\u0301\u0302\u0303\u0304" * 8,
    "👨‍👩‍👧‍👦🏳️‍🌈🍜🇨🇳",
    "𠮷野家𪚥",
    "好" * 64,
    "W" * 64,
    "\x1b@\x1bp\x00\x32\x32",
    "\x1dV\x00",
    "\x10\x04\x01",
    "a\x00b",
    "\x9b31m\x7f",
    "=1+cmd|'/C calc'!A0",
    "@SUM(1)",
    "&lt;img class=hx&gt;",
    "&#60;script&#62;window.ran=1&#60;/script&#62;",
    "\\u003cscript\\u003ewindow.ran=1\\u003c/script\\u003e",
    "expression(window.ran=1)",
    "url(/hx)",
    "color:red;background:url(/hx)",
    "null",
    "undefined",
    "NaN",
    "%s%n%x",
    "$t(hx)",
)
_BEFORE = (
    "",
    '"',
    "'",
    '">',
    "'>",
    "-->",
    "</title>",
    "</textarea>",
    "</style>",
    "</script>",
    "`",
    "]]>",
    "\u202e",
    "好",
    "*/",
    "\\",
)
_TAGS = (
    "img",
    "svg",
    "video",
    "audio",
    "body",
    "details",
    "input",
    "select",
    "iframe",
    "object",
    "embed",
    "marquee",
    "hx-el",
    "math",
    "IMG",
)
_BETWEEN = (" ", "/", "\t", "\n", "  ", "/*x*/ ")
_EVENTS = ("onerror", "onload", "onfocus", "ontoggle", "onpointerenter", "onanimationstart", "onmouseover", "OnErRoR")
_CODE = (
    "ran=1",
    "alert(1)",
    "window.ran=1",
    "this.ran=top.ran=1",
    "(ran=1)",
    "location='/hx'",
    "import('/hx')",
    "fetch('/hx')",
)
_AFTER = (">", "//", " x=", ">x", "/>", "\x00>", "🍜>")
_OTHER = (
    "<script{0}class=hx>{1}</script>",
    "<a{0}class=hx href=javascript:{1}>x</a>",
    "<form{0}class=hx><button formaction=javascript:{1}>x",
    "<iframe{0}class=hx src=javascript:{1}>",
    "<svg><animate{0}class=hx onbegin={1}>",
    "<style{0}class=hx>@import'/hx';/*{1}*/",
    "javascript:{1}//{0}",
    "{{{{constructor.constructor('{1}')()}}}}{0}",
    "${{{1}}}{0}",
)


def strings(n: int = ALL, *, seed: int = SEED) -> list[str]:
    """Return `n` hostile strings, no two the same: the fixed ones first, the same ones for the same seed."""
    chance = random.Random(seed)
    found = dict.fromkeys(FIXED)
    families = list(itertools.product(_TAGS, _EVENTS))
    while len(found) < n:
        before, between, after = chance.choice(_BEFORE), chance.choice(_BETWEEN), chance.choice(_AFTER)
        code = chance.choice(_CODE)
        if chance.random() < 0.3:
            made = before + chance.choice(_OTHER).format(between, code)
        else:
            tag, event = chance.choice(families)
            made = f"{before}<{tag}{between}class=hx{between}src=/hx{between}{event}={code}{after}"
        if chance.random() < 0.1:
            at = chance.randrange(len(made))
            made = made[:at] + chance.choice("\x00\x1b\x1d\x0a\u200b\u202e好") + made[at:]
        found[made] = None
    return list(found)[:n]
