"""The words of a timeline: what each step of an unpaid invoice was, and what it will be."""

from typing import assert_never

from django.utils.translation import gettext as _

from billing.rules.dunning import DunningStep


def to_come(step: DunningStep, method: str) -> str:
    """Return what happens at a step unless the invoice is paid before; `method` is the one on file."""
    match step:
        case DunningStep.FIRST_TRY | DunningStep.SECOND_TRY | DunningStep.THIRD_TRY:
            if not method:
                return _("Next try: it needs a payment method on file.")
            return _("Next try, by %(method)s") % {"method": method}
        case DunningStep.LAST_TRY:
            if not method:
                return _("Last try: it needs a payment method on file.")
            return _("Last try, by %(method)s") % {"method": method}
        case DunningStep.FIRST_REMINDER | DunningStep.SECOND_REMINDER | DunningStep.THIRD_REMINDER:
            return _("Reminder by e-mail")
        case DunningStep.LAST_REMINDER:
            return _("Last reminder by e-mail")
        case DunningStep.SUSPENSION:
            return _(
                "The account is suspended: until it is paid, only Payment, Invoices, Contacts and "
                "cancelling stay open."
            )
        case _:
            assert_never(step)


def made(step: DunningStep) -> str:
    """Return what was done at a step that charged nothing."""
    match step:
        case DunningStep.FIRST_TRY | DunningStep.SECOND_TRY | DunningStep.THIRD_TRY | DunningStep.LAST_TRY:
            return _("Not tried: no payment method was on file.")
        case (
            DunningStep.FIRST_REMINDER
            | DunningStep.SECOND_REMINDER
            | DunningStep.THIRD_REMINDER
            | DunningStep.LAST_REMINDER
        ):
            return _("Reminder sent by e-mail")
        case DunningStep.SUSPENSION:
            return _("The account was suspended.")
        case _:
            assert_never(step)
