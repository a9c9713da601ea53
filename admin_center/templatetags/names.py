"""Shows names that people gave, apart from the text around them: known to every template."""

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def bdi(name: object) -> str:
    """Return a name in an element of its own direction: one from right to left turns nothing beside it."""
    return format_html("<bdi>{}</bdi>", name) if name else ""
