"""The verbs of kept quotes."""

from billing import kept_quotes
from billing.models import KeptQuote
from tests.sweeps.cases import Verb, open_quote

VERBS: dict[str, Verb] = {
    "billing.kept_quotes.keep": Verb(
        lambda c, made: kept_quotes.keep(made, "For Ada", occasion=c.occasion),
        ("change_subscription",),
        make=open_quote,
    ),
    "billing.kept_quotes.compare": Verb(
        lambda c, made: kept_quotes.compare(
            c.account, KeptQuote.objects.get(pk=c.own(KeptQuote)), occasion=c.occasion
        ),
        ("change_subscription", "add_seats"),
    ),
    "billing.kept_quotes.take_up": Verb(
        lambda c, made: kept_quotes.take_up(c.own(KeptQuote), occasion=c.occasion),
        ("change_subscription", "add_seats"),
    ),
    "billing.kept_quotes.remove": Verb(
        lambda c, made: kept_quotes.remove(c.own(KeptQuote), occasion=c.occasion), ("change_subscription",)
    ),
    "billing.kept_quotes.make_link": Verb(
        lambda c, made: kept_quotes.make_link(c.own(KeptQuote), occasion=c.occasion), ("change_subscription",)
    ),
    "billing.kept_quotes.revoke_link": Verb(
        lambda c, made: kept_quotes.revoke_link(c.own(KeptQuote), occasion=c.occasion),
        ("change_subscription",),
    ),
}
