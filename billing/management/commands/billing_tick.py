"""`manage.py billing_tick`: what is due now, for a cron job every few minutes."""

from datetime import timedelta
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from accounts import activity, clock
from accounts.models import Account
from billing import payments, renewal

log = structlog.get_logger()


class Command(BaseCommand):
    """Settle charges whose outcome is open, then renew what is due in its own zone."""

    help = "Reconcile open charges and renew subscriptions that are due. Run it as often as you like."

    def handle(self, *args: Any, **options: Any) -> None:
        with activity.occasion(clock.now()):
            settled = payments.reconcile(clock.now())
        # The day begins at most 14 hours before it does in UTC; a sandbox has its own.
        last = (clock.now() + timedelta(hours=14)).date()
        renewed = failed = 0
        for account in Account.objects.filter(pk__in=list(renewal.due(last))):
            now = clock.now(account)
            try:
                with activity.occasion(now):
                    renewed += len(renewal.renew(account.pk, on=clock.today(account), at=now))
            except Exception:
                # One account that breaks a rule must not stop the others.
                failed += 1
                log.exception("renewal_failed", account=account.slug)
        self.stdout.write(f"{settled} charges looked at, {renewed} renewals, {failed} failed.")
        if failed:
            raise SystemExit(1)
