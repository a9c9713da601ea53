"""A loader whose templates are folded for a language: what is the same on every page is written once.

Loaded in a language, a template's translated texts are texts like any other: they are joined with what stands
beside them, and nobody looks them up again. What is left to do for a page is what differs. The page is the
same, byte by byte (tests/console/test_constant_folding.py; the roads not taken: docs/decisions.md).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import Any, TypeVar, cast

from django.template import Context, Engine, Node, NodeList, Origin, Template
from django.template.base import FilterExpression, TextNode, Variable, VariableNode, render_value_in_context
from django.template.defaulttags import (
    CommentNode,
    CycleNode,
    IfChangedNode,
    IfNode,
    LoadNode,
    ResetCycleNode,
    TemplateLiteral,
)
from django.template.library import SimpleNode
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode
from django.template.loaders import cached
from django.template.smartif import TokenBase
from django.templatetags.i18n import BlockTranslateNode, LanguageNode, TranslateNode
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

Tag = TypeVar("Tag", bound=Callable[..., object])
# What a translated sentence leaves open.
_OPEN = re.compile(r"%\((\w+)\)s")
# What keeps a state of its own while a template is rendered.
_STATEFUL = (BlockNode, ExtendsNode, CycleNode, ResetCycleNode, IfChangedNode)
SOURCES = ("django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader")


class Loader(cached.Loader):
    """Keeps each template once for every language that it was asked for in, folded."""

    def __init__(self, engine: Engine, loaders: Sequence[Any] = SOURCES) -> None:
        """Find templates by other loaders: where Django looks by itself, unless they are named."""
        super().__init__(engine, loaders)

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        """Tell the same template apart by language."""
        return f"{get_language()} {super().cache_key(template_name, skip)}"

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        """Load a template, and fold it the first time."""
        known = self.cache_key(template_name, skip) in self.get_template_cache
        template = super().get_template(template_name, skip)
        if not known and get_language():
            template.nodelist = fold(template.nodelist)
        return template


def constant(tag: Tag) -> Tag:
    """Mark a tag that writes the same for the same arguments, whoever reads."""
    tag.is_constant = True  # type: ignore[attr-defined]
    return tag


def fold(nodes: NodeList) -> NodeList:
    """Return what the nodes are in the language that is spoken now, with texts joined."""
    folded = NodeList()
    folded.contains_nontext = nodes.contains_nontext
    for node in nodes:
        for piece in _pieces(node):
            last = folded[-1] if folded else None
            if type(piece) is TextNode and type(last) is TextNode:
                folded[-1] = TextNode(last.s + piece.s)
            else:
                folded.append(piece)
    return folded


def _pieces(node: Node) -> Iterator[Node]:
    """Yield what stands in the place of a node."""
    if isinstance(node, LanguageNode):
        # Spoken in another language than the page.
        yield node
        return
    for value in vars(node).values():
        _quicken(value)
    match node:
        case LoadNode() | CommentNode():
            return
        case TranslateNode():
            yield _translated(node)
        case BlockTranslateNode():
            yield _sentence(node)
        case VariableNode() if _is_constant(node.filter_expression):
            yield TextNode(node.render(Context()))
        case VariableNode():
            node.__class__ = _Value
            yield node
        case SimpleNode() if _writes_the_same(node):
            yield TextNode(node.render(Context()))
        case IncludeNode() if _is_constant(node.template) and not str(node.template.var).startswith("."):
            node.__class__ = _Include
            yield node
        case IfNode():
            node.conditions_nodelists = [(asked, fold(then)) for asked, then in node.conditions_nodelists]
            yield node
        case _:
            for name in node.child_nodelists:
                if isinstance(inner := getattr(node, name, None), NodeList):
                    setattr(node, name, fold(inner))
            yield node


# --- Texts --------------------------------------------------------------------------------------------


def _is_constant(expression: FilterExpression) -> bool:
    """Tell whether an expression is a text or a number as it stands."""
    return not expression.filters and (not expression.is_var or expression.var.lookups is None)


def _writes_the_same(node: SimpleNode) -> bool:
    """Tell whether a tag is marked constant, and is given nothing that a page says."""
    given = (*node.args, *node.kwargs.values())
    return getattr(node.func, "is_constant", False) and not node.target_var and all(map(_is_constant, given))


def _translated(node: TranslateNode) -> Node:
    """Return the text, or what gives it a name; the node itself where a page says what is translated."""
    if node.message_context or not _is_constant(node.filter_expression):
        return node
    source = str(node.filter_expression.var.literal)
    text = source if node.noop else gettext(source.replace("%", "%%")).replace("%%", "%")
    return _Named(node.asvar, text) if node.asvar else TextNode(text)


def _sentence(node: BlockTranslateNode) -> Node:
    """Return the translated sentence; the node itself where it is told from others by a context."""
    if node.message_context:
        return node
    sentence = _Sentence(node)
    if node.plural or node.asvar or node.extra_context:
        return sentence
    ((first, rest),) = [_cut(gettext(sentence.one))]
    return sentence if rest else TextNode(first)


@lru_cache(maxsize=4096)
def _cut(translated: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a translated sentence as its first text, and each name in it with the text after it."""
    first, *rest = _OPEN.split(translated)
    texts = [text.replace("%%", "%") for text in (first, *rest[1::2])]
    return texts[0], tuple(zip(rest[::2], texts[1:], strict=True))


class _Named(Node):
    """A text that the page calls by a name."""

    child_nodelists = ()

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, SafeString(text)

    def render(self, context: Context) -> str:
        context[self.name] = self.text
        return ""


class _Sentence(Node):
    """A translated sentence with what a page puts into it."""

    child_nodelists = ()

    def __init__(self, node: BlockTranslateNode) -> None:
        self.one = node.render_token_list(node.singular)[0]
        self.many = node.render_token_list(node.plural)[0] if node.plural else ""
        # What is counted, by its name.
        self.counted = {node.countervar: node.counter} if node.countervar and node.counter else {}
        self.own, self.asvar = {**node.extra_context, **self.counted}, node.asvar

    def render(self, context: Context) -> str:
        own = {name: expression.resolve(context) for name, expression in self.own.items()}
        if self.many:
            (count,) = (own[name] for name in self.counted)
            first, rest = _cut(ngettext(self.one, self.many, count))
        else:
            first, rest = _cut(gettext(self.one))
        written = [first]
        for name, text in rest:
            written += (_shown(own[name] if name in own else context.get(name, ""), context), text)
        sentence = "".join(written)
        if self.asvar is None:
            return sentence
        context[self.asvar] = SafeString(sentence)
        return ""


class _Value(VariableNode):
    """A value that a page puts in."""

    def render(self, context: Context) -> str:
        return _shown(self.filter_expression.resolve(context), context)


def _shown(value: Any, context: Context) -> str:
    """Return a value as it stands on a page: the same as Django's, sooner for what most values are."""
    kind = type(value)
    if not context.autoescape:
        return render_value_in_context(value, context)
    if kind is SafeString:
        return cast(str, value)
    if kind is str:
        return SafeString(escape(value))
    if kind is int:
        return _number(value, get_language(), context.use_l10n)
    return render_value_in_context(value, context)


@lru_cache(maxsize=4096)
def _number(value: int, language: str | None, use_l10n: bool | None) -> str:
    """Return a whole number as a language writes it."""
    return str(localize(value, use_l10n=use_l10n))


class _Include(IncludeNode):
    """An include of one template, which is looked for once: this node has one language."""

    _nodes: NodeList | None = None
    _template: Template | None = None

    def render(self, context: Context) -> SafeString:
        if self._template is None:
            assert context.template is not None
            template = context.template.engine.get_template(str(self.template.resolve(context)))
            if not any(map(template.nodelist.get_nodes_by_type, _STATEFUL)):
                self._nodes = template.nodelist
            self._template = template
        values = {name: expression.resolve(context) for name, expression in self.extra_context.items()}
        if self.isolated_context:
            return self._template.render(context.new(values))
        with context.push(**values):
            return self._template.render(context) if self._nodes is None else self._nodes.render(context)


# --- Values -------------------------------------------------------------------------------------------


def _quicken(value: Any) -> None:
    """Let what a node asks of a page be found sooner, and translate what it says of itself."""
    match value:
        case Variable():
            if value.lookups is not None:
                value.__class__ = _Lookup
            elif value.translate and isinstance(value.literal, str):
                value.literal = SafeString(gettext(value.literal.replace("%", "%%")))
                value.translate = False
        case FilterExpression():
            _quicken(value.var)
            _quicken([argument for _filter, arguments in value.filters for _is_var, argument in arguments])
        case TemplateLiteral():
            _quicken(value.value)
        case TokenBase():
            _quicken((value.first, value.second))
        case list() | tuple():
            for one in value:
                _quicken(one)
        case dict():
            _quicken(list(value.values()))
        case _:
            pass


class _Lookup(Variable):
    """A variable that is looked up without trying each attribute as a key of what has no keys.

    Whatever is out of the ordinary is left to Django, which begins anew.
    """

    __slots__ = ()

    def resolve(self, context: Any) -> Any:
        """Resolve this variable against a given context."""
        if self.translate or self.lookups is None:
            return super().resolve(context)
        name, *bits = self.lookups
        for names in reversed(context.dicts):
            if name in names:
                current = names[name]
                break
        else:
            return super().resolve(context)
        try:
            for bit in bits:
                kind = type(current)
                if callable(current):
                    return super().resolve(context)
                if not hasattr(kind, "__getitem__") or bit in getattr(kind, "_fields", ()):
                    current = getattr(current, bit)
                elif issubclass(kind, dict) and bit in current:
                    current = current[bit]
                else:
                    return super().resolve(context)
        except (AttributeError, TypeError):
            return super().resolve(context)
        return super().resolve(context) if callable(current) else current
