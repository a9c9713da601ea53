"""Invoices and credit notes: never changed once issued, numbered without gaps."""

from typing import ClassVar, Self, assert_never

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import AmountField
from billing.models.quote import Quote
from billing.models.subscription import Subscription
from billing.rules.documents import InvoiceState
from billing.rules.names import CountedIn, counted_from_plain


class Numbering(models.Model):
    """The last number given in a series. Its row is locked, last of all locks, to give the next."""

    series = models.CharField(_("series"), max_length=12, primary_key=True)
    last = models.PositiveBigIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("numbering")
        verbose_name_plural = _("numberings")
        default_permissions = ()

    def __str__(self) -> str:
        """Return the series and where it stands."""
        return f"{self.series}-{self.last}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Reads of invoices and credit notes."""

    def of_ours(self) -> Self:
        """Return those that were issued here: they have a document."""
        return self.exclude(reason=Invoice.Reason.BROUGHT_IN)

    def in_state(self, state: InvoiceState) -> Self:
        """Return those that stand so today."""
        settled = Q(due=0) | Q(payment__isnull=False)
        is_invoice = Q(kind=Invoice.Kind.INVOICE)
        match state:
            case InvoiceState.CREDITED:
                return self.filter(kind=Invoice.Kind.CREDIT_NOTE)
            case InvoiceState.CARRIED_OVER:
                return self.filter(is_invoice, carried_over__gt=0)
            case InvoiceState.PAID:
                paid = self.filter(is_invoice, settled, carried_over__lte=0)
                return paid.filter(payment__write_off__isnull=True)
            case InvoiceState.WRITTEN_OFF:
                return self.filter(payment__write_off__isnull=False)
            case InvoiceState.OPEN:
                return self.filter(is_invoice, due__gt=0, payment__isnull=True)
            case _:
                assert_never(state)


class Invoice(models.Model):
    """What was charged, or (a credit note) given back. Whether it is paid stands in its payment."""

    class Kind(models.TextChoices):
        """Which way the money goes."""

        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")

    class Reason(models.TextChoices):
        """Why it was issued."""

        CHANGE = "change", _("Change")
        RENEWAL = "renewal", _("Renewal")
        # A credit note of the vendor's staff.
        CORRECTION = "correction", _("Correction")
        # Of the system before, under its number: without lines, and without a document of ours.
        BROUGHT_IN = "brought_in", _("From the previous system")

    number = models.CharField(_("number"), max_length=40, unique=True)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="invoices")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    quote = models.OneToOneField(Quote, models.PROTECT, null=True, related_name="invoice")
    issued_on = models.DateField(_("issued on"))
    issued_at = models.DateTimeField(_("issued at"))
    # Of a renewal: the first day of the period it pays for.
    period_start = models.DateField(_("period from"), null=True)
    currency = models.CharField(_("currency"), max_length=3)
    language = models.CharField(_("language"), max_length=2)
    account_name = models.CharField(_("account"), max_length=120)
    vendor_name = models.CharField(_("vendor"), max_length=120)
    caused_by = models.CharField(_("caused by"), max_length=120, blank=True)
    # The change request behind it, and who asked; null and empty where there is none.
    request_number = models.PositiveBigIntegerField(_("change request"), null=True)
    requested_by = models.CharField(_("requested by"), max_length=120, blank=True, default="", db_default="")
    # The parties as they were on the day of issue, as billing.rules.parties writes them; empty in
    # documents from before they were kept.
    seller = models.JSONField(_("seller"), default=dict, db_default={})
    buyer = models.JSONField(_("buyer"), default=dict, db_default={})
    # The order's own, or the one of the profile.
    purchase_order = models.CharField(
        _("purchase order number"), max_length=60, blank=True, default="", db_default=""
    )
    # How it is settled, as billing.rules.documents writes it; empty in documents from before it was kept.
    payment_terms = models.JSONField(_("terms of payment"), default=dict, db_default={})
    # The hash of the whole document (billing.rules.documents), empty as well.
    content_hash = models.CharField(_("hash"), max_length=64, blank=True, default="", db_default="")
    # Of a credit note: the invoices that charged what it gives back, [{"number": …, "issued_on": …}].
    corrects = models.JSONField(_("corrects"), default=list, db_default=[])
    # By when it is to be paid; null where nothing is due.
    due_on = models.DateField(_("due on"), null=True)
    # The days of supply, from the first to the day after the last: those of all lines together.
    supplied_from = models.DateField(_("supplied from"), null=True)
    supplied_until = models.DateField(_("supplied until"), null=True)
    subtotal = AmountField(_("subtotal"))
    # One row for each tax and rate: what billing.rules.tax_json writes of a tax, with "base" and "amount" in
    # minor units. Documents of before taxes had names say the rate alone.
    taxes = models.JSONField(_("taxes"), default=list)
    tax = AmountField(_("tax"))
    total = AmountField(_("total"))
    # Used from the balance (negative: an earlier small amount that is collected with this one).
    prepaid = AmountField(_("from the balance"))
    carried_over = AmountField(_("carried over"))
    due = AmountField(_("due"))

    objects = InvoiceQuerySet.as_manager()

    account_path: ClassVar[str] = "subscription_id"

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        default_permissions = ()
        indexes = [
            models.Index("subscription", F("issued_at").desc(), name="invoice_by_time"),
            # Those that are reminded of.
            models.Index(
                fields=["issued_on"],
                condition=Q(kind="invoice", due__gt=0, payment_terms__means="transfer"),
                name="invoice_by_transfer",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "period_start"],
                condition=Q(reason="renewal"),
                name="invoice_one_renewal_per_period",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("tax"), due=F("total") - F("prepaid") - F("carried_over"))
                | Q(kind="credit_note", total=F("subtotal") + F("tax"), due=0),
                name="invoice_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(kind="invoice", total__gte=0, due__gte=0) | Q(kind="credit_note", total__lt=0),
                name="invoice_kind_by_sign",
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=True) | Q(due_on__gte=F("issued_on")),
                name="invoice_due_after_issue",
            ),
            models.CheckConstraint(
                condition=Q(supplied_from__isnull=True, supplied_until__isnull=True)
                | Q(supplied_until__gt=F("supplied_from")),
                name="invoice_supply_in_order",
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="issued_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        """Return the number."""
        return self.number

    @property
    def is_brought_in(self) -> bool:
        """Whether it was issued elsewhere, and its document lies there."""
        return self.reason == self.Reason.BROUGHT_IN

    @property
    def state(self) -> InvoiceState:
        """Return where it stands today; nothing was left to pay where nothing is due."""
        if self.kind == self.Kind.CREDIT_NOTE:
            return InvoiceState.CREDITED
        if self.carried_over.amount > 0:
            return InvoiceState.CARRIED_OVER
        payment = getattr(self, "payment", None)
        if payment is not None and payment.write_off_id is not None:
            return InvoiceState.WRITTEN_OFF
        settled = self.due.amount == 0 or payment is not None
        return InvoiceState.PAID if settled else InvoiceState.OPEN


class InvoiceLine(models.Model):
    """One credit or charge: what, which period, quantity, unit price, and which change caused it."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField(_("position"))
    # As billing.rules.lines names them: credit, charge, period, temporary.
    kind = models.CharField(_("kind"), max_length=10)
    product = models.CharField(_("product"), max_length=60)
    edition = models.CharField(_("edition"), max_length=60)
    product_name = models.CharField(_("product's name"), max_length=120)
    edition_name = models.CharField(_("edition's name"), max_length=120, blank=True)
    covers_from = models.DateField(_("from"))
    covers_until = models.DateField(_("until"))
    term_start = models.DateField(_("term from"))
    term_end = models.DateField(_("term until"))
    quantity = models.PositiveIntegerField(_("quantity"))
    months = models.PositiveSmallIntegerField(_("months"))
    cycle = models.CharField(_("billing cycle"), max_length=8)
    unit_price = AmountField(_("unit price"))
    gross = AmountField(_("before discounts"))
    # [{"code": …, "percent": "10.00" or null, "amount": minor units}]
    discounts = models.JSONField(_("discounts"), default=list)
    amount = AmountField(_("amount"))
    # What the line bears, by billing.rules.tax_json; several are each on the whole amount.
    taxes = models.JSONField(_("taxes"), default=list)
    because = models.CharField(_("because of"), max_length=40)
    # Which price it is, as billing.rules.facts names it: the day of a list price, or the customer's own.
    price_version = models.CharField(_("price version"), max_length=10, blank=True, default="", db_default="")
    # Charged by the period, not by the seat.
    flat = models.BooleanField(_("by the period"), default=False, db_default=False)
    # What the quantity is counted in, as its product's catalogue said it.
    counted_in = models.JSONField(_("counted in"), default=dict, db_default={}, blank=True)
    # A credit that is less than its arithmetic, because no more was charged (domain.md 5).
    capped = models.BooleanField(_("no more than was charged"), default=False, db_default=False)
    # Of a credit note of the staff: the line that it gives back, or a part of.
    credits = models.ForeignKey("self", models.PROTECT, null=True, related_name="credited_by")

    account_path: ClassVar[str] = "invoice__subscription_id"

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["invoice", "position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_once")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="issued_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        """Return what it is for."""
        return f"{self.product_name} {self.amount}"

    @property
    def unit_words(self) -> CountedIn | None:
        """What the quantity is counted in: None for seats, nothing where the number is all."""
        counted = counted_from_plain(self.counted_in)
        return counted if counted or self.flat else None
