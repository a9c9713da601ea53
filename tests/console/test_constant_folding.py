"""Templates that are folded for a language say the same as Django's own, and look up less."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.base import TextNode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override

from admin_center.constant_folding import Loader

INCLUDED = {
    "part.html": '{% load i18n %}{{ greeting }} {% translate "Cost" %}{% translate "Seats" as greeting %}',
    "blocks.html": "{% block inner %}{{ greeting }}{% endblock %}",
    "recursive.html": "{{ depth.here }}{% if depth.next %}"
    '{% include "recursive.html" with depth=depth.next %}{% endif %}',
    "frame.html": '{% load i18n %}<b>{% translate "Cost" %}</b>'
    '{% block main %}{% translate "Seats" %}{% endblock %}.',
    "middle.html": '{% extends "frame.html" %}{% block main %}({{ block.super }}){% endblock %}',
}


class Pair(NamedTuple):
    left: str
    count: int


class Counting:
    def __init__(self) -> None:
        self.calls = 0

    def once(self) -> int:
        self.calls += 1
        return self.calls

    @property
    def broken(self) -> str:
        raise AttributeError("inside")


GIVEN: Mapping[str, Any] = {
    "name": "<Ateliers & Co>",
    "safe": mark_safe("<i>safe</i>"),
    "lazy": gettext_lazy("Cost"),
    "many": 12345,
    "one": 1,
    "none": 0,
    "exact": Decimal("1234.50"),
    "day": date(2026, 3, 1),
    "yes": True,
    "nothing": None,
    "pair": Pair("<left>", 2),
    "facts": {"items": "an entry", "deep": {"er": ["first", "second"]}},
    "space": SimpleNamespace(inner=SimpleNamespace(text="<in>", seats=1000)),
    "depth": {"here": 1, "next": {"here": 2, "next": None}},
    "items": ["a", "<b>"],
    "call": lambda: "<called>",
    "text": "Seats",
    "greeting": "hello",
    "percent": "100%",
}

SNIPPETS = [
    '{% translate "Cost" %}',
    '{% translate "Cost" as cost %}[{{ cost }}]',
    '{% translate "No such text: 100% & <more>" %}',
    '{% translate "Cost" noop %}',
    "{% translate text %}",
    '{{ _("Cost") }}{{ _("Cost")|lower }}',
    '{% translate "May" context "month name" %}',
    "{% blocktranslate %}Cost{% endblocktranslate %}",
    "{% blocktranslate %}{{ name }} costs 5% & {{ exact }} on {{ day }}{% endblocktranslate %}",
    "{% blocktranslate trimmed with code=name|upper %}\n  Discount {{ code }}\n{% endblocktranslate %}",
    "{% blocktranslate trimmed with code=name asvar kept %}"
    "Discount {{ code }}{% endblocktranslate %}[{{ kept }}]",
    "{% blocktranslate count n=one %}{{ n }} seat{% plural %}{{ n }} seats{% endblocktranslate %}",
    "{% blocktranslate count n=none %}{{ n }} seat{% plural %}{{ n }} seats{% endblocktranslate %}",
    "{% blocktranslate count n=many %}{{ n }} seat{% plural %}{{ n }} seats{% endblocktranslate %}",
    "{% blocktranslate %}{{ unknown }}, {{ lazy }}, {{ safe }}, {{ percent }}{% endblocktranslate %}",
    "{% blocktranslate %}{{ greeting }}{% endblocktranslate %}"
    "{% autoescape off %}{{ name }}{{ many }}{% endautoescape %}",
    "{{ name }}{{ safe }}{{ lazy }}{{ many }}{{ exact }}{{ day }}{{ yes }}{{ nothing }}{{ unknown }}",
    "{{ pair.left }}{{ pair.0 }}{{ pair.count }}{{ pair.index }}{{ facts.items }}{{ facts.deep.er.1 }}",
    "{{ facts.keys|length }}{{ facts.deep.missing }}{{ space.inner.text }}{{ space.inner.seats }}{{ call }}",
    "{{ space.inner.missing }}{{ space.missing.text }}{{ name.upper }}{{ many.real }}{{ items.0 }}",
    "{{ counting.once }}{{ counting.once|add:counting.once }}{{ broken|default:'-' }}",
    "{% if space.inner.seats > 5 and not nothing or unknown.name %}"
    "{% translate 'Cost' %}{% else %}no{% endif %}",
    "{% for item in items %}{{ forloop.counter }}{{ item }}{% translate 'Cost' %}{% empty %}none{% endfor %}",
    "{% for item in unknown %}{{ item }}{% empty %}{% translate 'Cost' %}{% endfor %}",
    "{% with short=space.inner.text %}{{ short }}{% include 'part.html' %}{% endwith %}{{ greeting }}",
    "{% include 'part.html' with greeting='<good day>' %}{% include 'part.html' only %}{{ greeting }}",
    "{% include 'recursive.html' %}{% include 'blocks.html' %}{% include part %}",
    "{% for item in items %}{% cycle 'odd' 'even' %}{% ifchanged %}x{% endifchanged %}{% endfor %}",
    "{% language 'fr' %}{% translate 'Cost' %}{% endlanguage %}{% comment %}{{ name }}{% endcomment %}|",
    "{% load ui %}{% icon 'seat' %}{% icon 'seat' label='Seats' %}{% icon text %}"
    "{% icon 'seat' as drawn %}{{ drawn }}",
    '{% extends "middle.html" %}{% block main %}{{ block.super }}{{ name }}{% endblock %}',
    '{% extends "frame.html" %}',
]


def engine(loader: str) -> Engine:
    source: Any = ("django.template.loaders.locmem.Loader", INCLUDED)
    return Engine(loaders=[(loader, [source])], libraries=LIBRARIES, builtins=BUILTINS)


LIBRARIES = {
    "i18n": "django.templatetags.i18n",
    "ui": "admin_center.templatetags.ui",
}
BUILTINS = ["django.templatetags.i18n"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_folded_template_says_the_same(snippet: str, language: str) -> None:
    written = []
    with override(language):
        for loader in ("django.template.loaders.cached.Loader", f"{Loader.__module__}.Loader"):
            library = engine(loader)
            library.template_loaders[0].loaders[0].templates_dict = {**INCLUDED, "page.html": snippet}  # type: ignore[attr-defined]
            counting = Counting()
            context = {**GIVEN, "part": "part.html", "counting": counting}
            twice = [library.get_template("page.html").render(Context(dict(context))) for _ in range(2)]
            written.append((twice, counting.calls))
    assert written[0] == written[1]


def test_texts_of_a_language_are_one_text() -> None:
    library = engine(f"{Loader.__module__}.Loader")
    library.template_loaders[0].loaders[0].templates_dict = {  # type: ignore[attr-defined]
        "page.html": '{% load ui %}<b>{% translate "Cost" %}</b>'
        '{% icon "seat" %}{% comment %}{% endcomment %}'
    }
    said = {}
    for language in ("en", "fr", "en"):
        with override(language):
            template = library.get_template("page.html")
            assert [type(node) for node in template.nodelist] == [TextNode]
            said[language] = template.render(Context())
            assert library.get_template("page.html") is template
    assert said["en"].startswith("<b>Cost</b>")
    assert said["fr"].startswith("<b>Coût</b>")


def test_what_is_not_there_is_said_as_ever() -> None:
    library = engine(f"{Loader.__module__}.Loader")
    with override("fr"):
        for _ in range(2):
            with pytest.raises(TemplateDoesNotExist):
                library.get_template("nothing.html")
        library.template_loaders[0].loaders[0].templates_dict = {"page.html": "{% include 'nothing.html' %}"}  # type: ignore[attr-defined]
        with pytest.raises(TemplateDoesNotExist):
            library.get_template("page.html").render(Context())


def test_the_console_is_folded() -> None:
    assert settings.TEMPLATES[0]["OPTIONS"]["loaders"] == [f"{Loader.__module__}.Loader"]
