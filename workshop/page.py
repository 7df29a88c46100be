"""Turns a step's Markdown into HTML, with the attendee's own names in it.

What an author writes, beyond Markdown:

- `{{ lab.name("build") }}` anywhere, in code and links too: a name, put in after the page has been
  rendered, and escaped, so that no name can become markup.
- `[your role]({{ lab.console("role", lab.build_role) }})`: a link into the console, and plain text
  where there is no console.
- `:::console` … `:::` shows only with AWS itself, `:::local` only without its console; `:::note`,
  `:::real` (how it is done in a real account), `:::look` (what to look at) are boxes.
- Code fenced as `sh` gets a button that copies it; `sh alternative` is another way to do the same;
  `output` is what a command prints.
- `![What it shows](diagrams/pipeline.svg)` puts our own drawing into the page.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import escape
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.container import container_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from workshop.lab import Lab
from workshop.language.tongue import DEFAULT, marked, said_in

EXPRESSION = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
PLACE = re.compile(r"zq(\d+)qz")
BOXES = {
    "note": marked("Note"),
    "real": marked("In a real account"),
    "look": marked("What to look at"),
}
WHERE = ("console", "local")

Value = Callable[..., Any]


def html(markdown: str, folder: Path, lab: Lab, language: str = DEFAULT) -> str:
    """The page, written in this language, as HTML for this attendee.

    A name that the lab does not have raises Undefined.
    """
    text, values = _compiled(markdown, folder, lab.real, language)
    return PLACE.sub(lambda place: str(escape(values[int(place[1])](lab=lab))), text)


@lru_cache(maxsize=256)
def _compiled(markdown: str, folder: Path, real: bool, language: str) -> tuple[str, tuple[Value, ...]]:
    """The page rendered once, with a mark at each place where a name belongs."""
    found: list[str] = []

    def mark(match: re.Match[str]) -> str:
        found.append(match[1].strip())
        return f"zq{len(found) - 1}qz"

    marked = _with_diagrams(EXPRESSION.sub(mark, markdown), folder, mark)
    engine = _markdown(language)
    tokens = _for_here(engine.parse(marked.text), real, found)
    text = engine.renderer.render(tokens, engine.options, {})
    for name, drawing in marked.drawings.items():
        text = text.replace(f"<p>{name}</p>", drawing)
    jinja = SandboxedEnvironment(undefined=StrictUndefined)
    return text, tuple(jinja.compile_expression(name, False) for name in found)


class _Marked:
    """A page whose drawings are taken out, so that Markdown does not touch them."""

    def __init__(self, text: str, drawings: dict[str, str]) -> None:
        self.text = text
        self.drawings = drawings


def _with_diagrams(text: str, folder: Path, mark: Callable[[re.Match[str]], str]) -> _Marked:
    drawings: dict[str, str] = {}

    def take(match: re.Match[str]) -> str:
        words, file = match[1], folder / match[2]
        svg = EXPRESSION.sub(mark, file.read_text(encoding="utf-8"))
        name = f"zqdrawing{len(drawings)}qz"
        drawings[name] = (
            f'<figure class="diagram">{svg.strip()}<figcaption>{escape(words)}</figcaption></figure>'
        )
        return name

    return _Marked(
        re.sub(r"^!\[(.*?)\]\((diagrams/[\w-]+\.svg)\)$", take, text, flags=re.MULTILINE), drawings
    )


def _markdown(language: str) -> MarkdownIt:
    engine = MarkdownIt("commonmark", {"html": False, "typographer": True})
    engine.enable(["table", "replacements", "smartquotes"])
    engine.use(anchors_plugin, max_level=3)
    for name, title in BOXES.items():
        engine.use(container_plugin, name=name, render=_box(name, said_in(language, title)))
    for name in WHERE:
        engine.use(container_plugin, name=name, render=_part(name))
    engine.add_render_rule("fence", _fence)
    return engine


def _box(name: str, title: str) -> Callable[..., str]:
    def render(_self: RendererHTML, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
        opening = f'<div class="{name}" role="note"><p class="label">{title}</p>\n'
        return opening if tokens[place].nesting == 1 else "</div>\n"

    return render


def _part(name: str) -> Callable[..., str]:
    def render(_self: RendererHTML, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
        return f'<section class="{name}">\n' if tokens[place].nesting == 1 else "</section>\n"

    return render


def _fence(_self: RendererHTML, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
    token = tokens[place]
    language, *more = token.info.split() or ["text"]
    code = highlight(token.content, _lexer(language), HtmlFormatter(nowrap=True)).rstrip("\n")
    kind, copy = (" ".join(["cmd", *more]), " data-copy") if language == "sh" else ("output", "")
    return (
        f'<div class="{escape(kind)}"{copy}><pre tabindex="0">'
        f'<code class="language-{escape(language)}">{code}</code></pre></div>\n'
    )


def _lexer(language: str) -> Any:
    try:
        return get_lexer_by_name({"output": "text"}.get(language, language), stripnl=False)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False)


def _for_here(tokens: Sequence[Token], real: bool, found: list[str]) -> list[Token]:
    """Leave out what is written for the other place, and links to a console that is not there."""
    hidden = f"container_{'local' if real else 'console'}"
    kept: list[Token] = []
    inside = 0
    for token in tokens:
        if token.type.startswith(hidden):
            inside += token.nesting
        elif not inside:
            kept.append(token)
    if not real:
        for token in kept:
            token.children = _without_console(token.children or [], found)
    return kept


def _without_console(children: list[Token], found: list[str]) -> list[Token]:
    kept: list[Token] = []
    dropped = 0
    for token in children:
        place = PLACE.fullmatch(str(token.attrs.get("href", "")))
        if place and found[int(place[1])].startswith("lab.console("):
            dropped += 1
        elif token.type == "link_close" and dropped:
            dropped -= 1
        else:
            kept.append(token)
    return kept
