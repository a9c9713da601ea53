"""Lets the vendor's staff ask the provider at once how a payment stands, and its refunds."""

from uuid import UUID

from django.db import transaction

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import payments, refunds
from billing.models import Charge, Refund


def ask_now(charge_id: UUID, *, reason: str, occasion: Occasion) -> Charge:
    """Ask how a charge stands and its refunds that are under way, and take in the answers; return the charge.

    What follows from an answer happens by itself, as if the provider had told it. Raises PermissionDenied for
    anyone but the vendor's staff, ValueError without a reason, Charge.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    with transaction.atomic():
        account = Account.objects.lock_for(Charge, charge_id)
        charge = Charge.objects.select_related("invoice").get(pk=charge_id)
        activity.record(
            account,
            ActivityVerb.CHARGE_CHECKED,
            occasion,
            subject=f"charge:{charge_id}",
            reason=reason.strip(),
            quote=str(charge.quote_id or ""),
            invoice=str(charge.invoice or ""),
        )
    answered = Occasion.of(account, occasion.at)
    charge = payments.reconcile_charge(charge_id, occasion=answered)
    for refund in charge.refunds.filter(state__in=Refund.OPEN):
        refunds.look_up(refund.pk, occasion=answered)
    return charge
