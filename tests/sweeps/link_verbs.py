"""The verbs of links that let others pay an invoice: the account's own and the staff's."""

from billing import payment_links, shared_links
from billing.models import Invoice, PaymentLink
from tests.sweeps.cases import STAFF, Verb

VERBS: dict[str, Verb] = {
    "billing.payment_links.send": Verb(
        lambda c, made: payment_links.send(
            c.own(Invoice), "books@keepers.example", reason="They pay.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        beyond=(payment_links.LinkOver,),
    ),
    "billing.shared_links.send": Verb(
        lambda c, made: shared_links.send(
            Invoice.objects.get(pk=c.own(Invoice)).number,
            c.account,
            "books@keepers.example",
            days=30,
            occasion=c.occasion,
        ),
        ("pay_invoice",),
        beyond=(payment_links.LinkOver,),
    ),
    "billing.shared_links.take_back": Verb(
        lambda c, made: shared_links.take_back(c.own(PaymentLink), occasion=c.occasion),
        ("pay_invoice",),
        beyond=(payment_links.LinkOver,),
    ),
    "billing.payment_links.revoke": Verb(
        lambda c, made: payment_links.revoke(
            c.own(PaymentLink), reason="Sent to the wrong firm.", occasion=c.occasion
        ),
        (STAFF,),
        staff="always",
        beyond=(payment_links.LinkOver,),
    ),
}
