"""Writes accounts that are brought in, many at once: in as many statements for a hundred as for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db import transaction

from accounts import activity, lifecycle
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.roles import Role
from billing import profile as profiles
from billing.imports.accounts import opening_items
from billing.imports.accounts.listing import ListedAccount
from billing.models import (
    AgentSeat,
    BalanceEntry,
    BillingProfile,
    Cancellation,
    Discount,
    Invoice,
    InvoiceRecipient,
    Line,
    LoadedAccount,
    PaymentMethod,
    PostalAddress,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from billing.rules.facts import Facts, LineFacts
from billing.rules.money import to_money
from billing.rules.periods import Cycle
from billing.storage import statements
from billing.storage.saving import (
    Editions,
    copy_segments,
    discount_row,
    editions_of,
    scheduled_row,
    temporary_row,
)
from billing.subscription_state import state_of


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """An account that nothing is wrong with: what it has bought, on which day and at which moment."""

    listed: ListedAccount
    catalogue_id: int
    bought: Facts
    digests: Mapping[str, str]
    on: date
    at: datetime


@transaction.atomic
def write(ready: Sequence[CheckedAccount]) -> None:
    """Write accounts with their people, what they have bought, and their first entry in the trail.

    All of them or none; raises as `lifecycle.open_accounts`.
    """
    accounts = [_account(one.listed) for one in ready]
    opened = lifecycle.open_accounts(
        [
            lifecycle.NewAccount(account, _members(one.listed), one.at)
            for account, one in zip(accounts, ready, strict=True)
        ]
    )
    subscriptions = [_subscription(account, one) for account, one in zip(accounts, ready, strict=True)]
    Subscription.objects.bulk_create(subscriptions)
    rows = _Rows()
    editions = {pk: editions_of(pk) for pk in {one.catalogue_id for one in ready}}
    for account, subscription, members, one in zip(accounts, subscriptions, opened, ready, strict=True):
        rows.add(account, subscription, members, one, editions[one.catalogue_id])
    rows.write()
    # Asked at once, which is otherwise asked at the commit: a rehearsal never comes to it.
    statements.check_constraints_now()


@dataclass(frozen=True, slots=True)
class _NewLine:
    """A line with what it was made from, and who holds its seats."""

    row: Line
    bought: LineFacts
    holders: frozenset[int]


class _Rows:
    """The rows of many accounts, by their tables; what refers to a line is made once the lines have ids."""

    def __init__(self) -> None:
        self.lines: list[_NewLine] = []
        self.accounts: list[tuple[Subscription, CheckedAccount, Editions]] = []
        self.discounts: list[Discount] = []
        self.balances: list[BalanceEntry] = []
        self.methods: list[PaymentMethod] = []
        self.ends: list[Cancellation] = []
        self.profiles: list[BillingProfile] = []
        self.recipients: list[InvoiceRecipient] = []
        self.invoices: list[Invoice] = []
        self.loaded: list[LoadedAccount] = []
        self.entries: list[activity.NewEntry] = []

    def add(
        self,
        account: Account,
        subscription: Subscription,
        members: Sequence[Membership],
        one: CheckedAccount,
        editions: Editions,
    ) -> None:
        """Make the rows of one account."""
        holders: dict[str, set[int]] = {}
        ids = {told.email: member.pk for told, member in zip(one.listed.members, members, strict=True)}
        for seat in one.listed.seats:
            holders.setdefault(seat.product, set()).add(ids[seat.email])
        began = {line.product: line.began_on for line in one.listed.lines}
        first = one.listed.subscription.period_from if one.listed.subscription else one.on
        for line in one.bought.lines:
            product_id, edition_id = editions[line.product, line.edition]
            row = Line(
                subscription=subscription,
                product_id=product_id,
                edition_id=edition_id,
                quantity=line.quantity,
                unit_price=to_money(line.unit, subscription.currency),
                allowances=dict(line.allowances),
                price_ends_on=line.price_ends_on,
                began_on=began[line.product] or first,
            )
            self.lines.append(_NewLine(row, line, frozenset(holders.get(line.product, ()))))
        self.accounts.append((subscription, one, editions))
        self.discounts += [discount_row(subscription, new, _occasion(one)) for new in one.bought.discounts]
        self._add_money(account, subscription, one)
        self.loaded.append(LoadedAccount(account=account, parts=dict(one.digests), loaded_at=one.at))
        entry = activity.NewEntry(
            account,
            ActivityVerb.ACCOUNT_LOADED,
            _occasion(one),
            subject="subscription",
            before=None,
            after=state_of(one.bought),
        )
        self.entries.append(entry)
        profile = BillingProfile(account=account)
        if one.listed.profile or one.listed.recipients:
            self._add_profile(profile, one)
        self._add_invoices(profile, one)

    def _add_profile(self, made: BillingProfile, one: CheckedAccount) -> None:
        """Make whom invoices are made out to and who gets them, each with its entry in the trail."""
        none, values = profiles.ProfileValues(), one.listed.profile or profiles.ProfileValues()
        account = made.account
        profiles.fill(made, values, one.at)
        self.profiles.append(made)
        if values != none:
            before, after = profiles.facts(none), profiles.facts(values)
            differing = [name for name in after if before[name] != after[name]]
            self._tell_of_profile(
                account,
                one,
                ActivityVerb.BILLING_PROFILE_CHANGED,
                before={name: before[name] for name in differing},
                after={name: after[name] for name in differing},
            )
        for told in one.listed.recipients:
            recipient = InvoiceRecipient(
                profile=made, email=told.email, name=told.name, language=told.language or account.language
            )
            self.recipients.append(recipient)
            after = profiles.told(recipient)
            self._tell_of_profile(account, one, ActivityVerb.INVOICE_RECIPIENT_ADDED, after=after)

    def _add_invoices(self, profile: BillingProfile, one: CheckedAccount) -> None:
        """Make what is still to be paid of the system before, made out to the profile."""
        recipients = one.listed.recipients or [m for m in one.listed.members if m.role is Role.OWNER]
        for told in one.listed.open_invoices:
            email = recipients[0].email
            made = opening_items.invoice_of(profile.account, told, profile, email=email, at=one.at)
            self.invoices.append(made)

    def _tell_of_profile(
        self,
        account: Account,
        one: CheckedAccount,
        verb: ActivityVerb,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object],
    ) -> None:
        entry = activity.NewEntry(
            account, verb, _occasion(one), subject=profiles.SUBJECT, before=before, after=after
        )
        self.entries.append(entry)

    def _add_money(self, account: Account, subscription: Subscription, one: CheckedAccount) -> None:
        """Make the balance that is brought in, the payment methods, and why the account ends, if it does."""
        listed = one.listed
        if listed.balance:
            self.balances.append(
                BalanceEntry(
                    subscription=subscription,
                    amount=to_money(listed.balance, subscription.currency),
                    reason=BalanceEntry.Reason.BROUGHT_IN,
                    created_at=one.at,
                )
            )
        for method in (*filter(None, [listed.payment]), *listed.other_payments):
            year, month = method.expires or (None, None)
            use = PaymentMethod.Use.DEFAULT if method is listed.payment else method.use
            self.methods.append(
                PaymentMethod(
                    subscription=subscription,
                    use=use or PaymentMethod.Use.SPARE,
                    kind=method.kind,
                    brand=method.brand,
                    last_four=method.last_four,
                    expires_month=month,
                    expires_year=year,
                    reference=method.reference,
                    updated_at=one.at,
                )
            )
        if listed.subscription and listed.subscription.cancel_at_period_end:
            # As the console would have written it; nobody here decided it.
            self.ends.append(
                Cancellation(
                    account=account,
                    at_period_end=True,
                    reason=Cancellation.Reason.OTHER,
                    by_name="",
                    created_at=one.at,
                    sheet={"forfeited": 0, "owed": 0, "balance": listed.balance},
                    state_before=account.state,
                )
            )

    def write(self) -> None:
        """Store all rows, the lines first."""
        Line.objects.bulk_create([line.row for line in self.lines])
        lines = {(line.row.subscription_id, line.bought.product): line.row.pk for line in self.lines}
        AgentSeat.objects.bulk_create(
            AgentSeat(subscription=line.row.subscription, line=line.row, membership_id=holder)
            for line in self.lines
            for holder in sorted(line.holders)
        )
        copy_segments(
            (line.row.subscription_id, line.row.pk, line.row.subscription.currency, segment)
            for line in self.lines
            for segment in line.bought.segments
        )
        TemporarySeats.objects.bulk_create(
            temporary_row(subscription, lines[subscription.pk, new.product], new, _occasion(one))
            for subscription, one, _editions in self.accounts
            for new in one.bought.temporary
        )
        ScheduledChange.objects.bulk_create(
            scheduled_row(
                subscription,
                change,
                lines[subscription.pk, change.product] if change.product else None,
                editions,
                _occasion(one),
            )
            for subscription, one, editions in self.accounts
            for change in one.bought.scheduled
        )
        Discount.objects.bulk_create(self.discounts)
        BalanceEntry.objects.bulk_create(self.balances)
        PaymentMethod.objects.bulk_create(self.methods)
        Cancellation.objects.bulk_create(self.ends)
        addresses = (one for made in self.profiles for one in (made.sold_to, made.bill_to))
        PostalAddress.objects.bulk_create(one for one in addresses if one is not None)
        BillingProfile.objects.bulk_create(self.profiles)
        InvoiceRecipient.objects.bulk_create(self.recipients)
        Invoice.objects.bulk_create(self.invoices)
        LoadedAccount.objects.bulk_create(self.loaded)
        activity.record_all(self.entries)


def _occasion(one: CheckedAccount) -> Occasion:
    return Occasion(by=None, on=one.on, at=one.at, by_staff=True)


def _subscription(account: Account, one: CheckedAccount) -> Subscription:
    bought = one.bought
    subscription = Subscription(
        account=account,
        catalogue_id=one.catalogue_id,
        currency=account.currency,
        cycle=(bought.cycle or Cycle.MONTHLY).value,
        tax_percent=bought.taxation.own_rate,
        version=bought.version,
    )
    if bought.lines and bought.period:
        subscription.anchor = bought.anchor
        subscription.period_start, subscription.period_end = bought.period.start, bought.period.end
        subscription.paid_until = bought.paid_until
    return subscription


def _account(listed: ListedAccount) -> Account:
    cancelled = listed.cancelled_on
    return Account(
        slug=listed.slug,
        name=listed.name,
        external_id=listed.external_id,
        type=listed.type.value,
        collection_method=listed.collection_method.value,
        state=listed.state.value,
        currency=listed.currency,
        timezone=listed.time_zone,
        language=listed.language,
        vendor_contact_name=listed.vendor_contact_name,
        vendor_contact_email=listed.vendor_contact_email,
        vendor_contact_phone=listed.vendor_contact_phone,
        trial_ends_on=listed.trial_ends_on,
        cancelled_at=datetime.combine(cancelled, time(12), UTC) if cancelled else None,
        is_sandbox=listed.own_clock is not None,
        clock=listed.own_clock,
    )


def _members(listed: ListedAccount) -> tuple[lifecycle.NewMember, ...]:
    return tuple(
        lifecycle.NewMember(
            email=one.email,
            name=one.name,
            role=one.role,
            language=one.language,
            changes_payment=one.changes_payment,
            suspended=one.suspended,
        )
        for one in listed.members
    )
