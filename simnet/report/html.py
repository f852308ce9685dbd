"""HTML and SVG made of elements: the one place where users' words become markup, which they never are.

Every text passes through `tag` (or `data`, inside a script), so that a reader sees it as it was written.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from string import Template
from typing import Any

from simnet.terminal.output import shown

EMPTY = frozenset({"input", "br", "line", "path", "rect", "meta"})
"""Elements without content that we use."""
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""Signs by which a text could end the script that holds it, or a line of it, as JSON's escapes."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = Markup | str | int | float
Attribute = str | int | float | bool | None


def tag(name: str, *content: Content, **attributes: Attribute) -> Markup:
    """An element; what is no `Markup` is text.

    Attributes are spelt with "_" for "-" (`class_` for "class"); None and False leave one out, True has no value.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in EMPTY:
        return Markup(f"<{name}{given}>" if name in ("input", "br", "meta") else f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{join(*content)}</{name}>")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'


def join(*content: Content) -> Markup:
    """Elements and texts, one after the other."""
    return Markup("".join(one if isinstance(one, Markup) else text(one) for one in content))


def text(value: object) -> Markup:
    """Words for content or an attribute in quotes: as written, what is not seen written out."""
    return Markup(html.escape(shown(value, lines=True), quote=True))


def lines(value: str) -> Markup:
    """Words that may have several lines, as such."""
    return Markup("<br>".join(text(line) for line in value.split("\n")))


def data(key: str, content: Any) -> Markup:
    """A block of JSON for the page's script, in which no text can end the block."""
    packed = json.dumps(_readable(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(f'<script type="application/json" id="{text(key)}">{packed.translate(_UNSAFE)}</script>')


def _readable(content: Any) -> Any:
    """The same with texts as `shown` has them."""
    if isinstance(content, str):
        return shown(content)
    if isinstance(content, Mapping):
        return {shown(key): _readable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_readable(value) for value in content]
    return content


def page(template: str, **parts: str) -> str:
    """A template whose `$name` stand for `parts`; `style` and `script`, ours, are the only ones that will have effect.

    A Content-Security-Policy names them by their hashes: nothing else runs, and nothing is fetched.
    """
    policy = (
        f"default-src 'none'; script-src {_hash(parts['script'])}; style-src {_hash(parts['style'])}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return Template(template).substitute(parts, policy=policy)


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
