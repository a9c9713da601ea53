"""The verbs of kept quotes."""

from uuid import UUID

from billing import kept_quotes
from billing.models import KeptQuote
from tests.sweeps.cases import Case, Verb, open_quote


def _kept(case: Case) -> UUID:
    """Return a quote that the account keeps, kept past all verbs where it has none."""
    found = KeptQuote.objects.filter(subscription_id=case.account.pk).first()
    if found is None:
        raise LookupError
    return found.pk


VERBS: dict[str, Verb] = {
    "billing.kept_quotes.keep": Verb(
        lambda c, made: kept_quotes.keep(made, "For Ada", occasion=c.occasion),
        ("change_subscription",),
        make=open_quote,
    ),
    "billing.kept_quotes.take_up": Verb(
        lambda c, made: kept_quotes.take_up(made, occasion=c.occasion),
        ("change_subscription", "add_seats"),
        make=_kept,
    ),
    "billing.kept_quotes.remove": Verb(
        lambda c, made: kept_quotes.remove(made, occasion=c.occasion), ("change_subscription",), make=_kept
    ),
    "billing.kept_quotes.make_link": Verb(
        lambda c, made: kept_quotes.make_link(made, occasion=c.occasion), ("change_subscription",), make=_kept
    ),
    "billing.kept_quotes.revoke_link": Verb(
        lambda c, made: kept_quotes.revoke_link(made, occasion=c.occasion),
        ("change_subscription",),
        make=_kept,
    ),
}
