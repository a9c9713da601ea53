"""The first sentence of an entry of the trail: who did what, from what to what, and for how much."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Activity
from accounts.rules.activity import ActivityField, ActivityVerb
from admin_center.wording import change_requests, phrases
from admin_center.wording.activity import ACTS, VERBS
from admin_center.wording.bidi import isolated
from billing.rules.names import Names

FROM_TO = frozenset((ActivityField.CYCLE, ActivityField.STATE, ActivityField.ROLE))


def gist(entry: Activity, about: str, said: Iterable[str]) -> str:
    """Return who did what: "Olivia Owens changed a role: Agnes Albert · Agent → Administrator"."""
    known = ActivityVerb(entry.verb) if entry.verb in set(ActivityVerb) else None
    by_somebody = known in ACTS and (entry.actor_name or entry.by_staff)
    what = str(ACTS[known]) % {"who": isolated(who(entry))} if known and by_somebody else sentence(entry.verb)
    # Who joined did nothing to anybody else.
    parts = " · ".join(filter(None, ("" if about == entry.actor_name else about, *said)))
    return _("%(what)s: %(about)s") % {"what": what, "about": parts} if parts else what


def who(entry: Activity) -> str:
    """Return who did it, in words."""
    if entry.by_staff:
        staff = _("%(name)s (vendor’s staff)") % {"name": isolated(entry.actor_name)}
        return staff if entry.actor_name else _("Vendor’s staff")
    return entry.actor_name or _("Automatic")


def sentence(verb: str) -> str:
    """Return what a verb says; one without words in plain, as it is stored."""
    return str(VERBS[ActivityVerb(verb)]) if verb in set(ActivityVerb) else plain(verb)


def plain(code: str) -> str:
    """Return a code as words: "Price overridden"."""
    return code.replace("_", " ").capitalize()


def of_field(field: ActivityField | None, old: str, new: str) -> str:
    """Return what the sentence of an entry says of a field: what became another, what came, and amounts."""
    if field is ActivityField.AMOUNT or (field in FROM_TO and old and new):
        return " → ".join(filter(None, (old, new)))
    if field is ActivityField.TEMPORARY and not old:
        return new
    if field is ActivityField.SCHEDULED and not old:
        return _("%(change)s (scheduled)") % {"change": new}
    return ""


def of_line(product: str, old: Any, new: Any, names: Names) -> str:
    """Return what became of a line: "Support Team → Professional, 10 → 12 seats (+2)"; nothing of prose."""
    match old, new:
        case {"edition": was, "quantity": int(before)}, {"edition": now, "quantity": int(after)}:
            parts = []
            if was != now:
                editions = (phrases.edition(names, product, one) for one in (was, now))
                parts.append(" → ".join(filter(None, editions)))
            if before != after:
                quantities = {
                    "old": phrases.number(before),
                    "new": phrases.quantity(names, product, after),
                    "difference": change_requests.difference(after - before),
                }
                parts.append(_("%(old)s → %(new)s (%(difference)s)") % quantities)
            return f"{phrases.product(names, product)} {', '.join(parts)}"
        case None, {"edition": edition, "quantity": quantity}:
            return _("%(line)s added") % {"line": phrases.line(names, product, edition, quantity)}
        case {"edition": edition, "quantity": quantity}, None:
            return _("%(line)s removed") % {"line": phrases.line(names, product, edition, quantity)}
        case _:
            return ""
