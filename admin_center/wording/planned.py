"""What happens on a planned day, in words: from billing.rules.forecast. No amounts."""

from typing import assert_never

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admin_center.wording import changes, phrases
from billing.rules.forecast import PlannedEvent, PlannedKind
from billing.rules.names import Names


def sentence(event: PlannedEvent, names: Names) -> str:
    """Return what happens, in the language of the moment."""
    told = {"product": phrases.product(names, event.product), "code": event.code}
    match event.kind:
        case PlannedKind.CONFIRMED:
            return _("The change as it is edited")
        case PlannedKind.RENEWAL:
            return _renewal(event)
        case PlannedKind.END:
            return _("The account ends")
        case PlannedKind.CHANGE:
            assert event.scheduled is not None
            assert event.before is not None
            return changes.scheduled(event.scheduled, event.before, names)
        case PlannedKind.PRICE_END:
            return _("%(product)s: your own price ends, and the list price applies.") % told
        case PlannedKind.CODE_END:
            return _("The discount %(code)s no longer applies") % told
        case PlannedKind.LINE_END:
            return _("%(product)s: removed") % told
        case PlannedKind.TEMPORARY_START:
            words = ngettext(
                "%(product)s: %(count)s temporary seat begins",
                "%(product)s: %(count)s temporary seats begin",
                event.quantity,
            )
            return words % {**told, "count": phrases.number(event.quantity)}
        case PlannedKind.TEMPORARY_END:
            words = ngettext(
                "%(product)s: %(count)s temporary seat has ended",
                "%(product)s: %(count)s temporary seats have ended",
                event.quantity,
            )
            return words % {**told, "count": phrases.number(event.quantity)}
        case _:
            assert_never(event.kind)


def _renewal(event: PlannedEvent) -> str:
    assert event.covers is not None
    return _("Renewal for %(first)s to %(last)s") % {
        "first": phrases.day(event.covers.start),
        "last": phrases.day(event.covers.last_day),
    }
