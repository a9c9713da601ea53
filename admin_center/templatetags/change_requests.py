"""The list of changes in a letter about a change request, from the facts that were frozen with it."""

from collections.abc import Mapping
from typing import Any

from django import template

from admin_center import request_words
from admin_center.sentences import Names

register = template.Library()


@register.filter
def asked(facts: Mapping[str, Any]) -> list[str]:
    """Return what was asked for, in words; nothing for a letter from before it was kept."""
    if "changes" not in facts or "names" not in facts:
        return []
    return request_words.asked(facts["changes"], facts.get("base"), _names(facts))


@register.filter
def approved(facts: Mapping[str, Any]) -> list[str]:
    """Return what was approved in its place, in words; nothing where it was approved as it was asked."""
    if "approved_changes" not in facts:
        return []
    return request_words.asked(facts["approved_changes"], facts.get("approved_base"), _names(facts))


def _names(facts: Mapping[str, Any]) -> Names:
    names: dict[str | tuple[str, str], str] = {}
    for product, product_name, edition, edition_name in facts["names"]:
        names[product] = product_name
        names[product, edition] = edition_name
    return names
