"""The filters of the list of invoices."""

from collections.abc import Iterator

from django import forms
from django.db.models import Max, Min, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account
from admin_center.forms.fields import SearchText
from admin_center.wording import labels
from billing.models import Invoice
from billing.models.invoice import InvoiceQuerySet
from billing.rules.documents import InvoiceState


def _states() -> Iterator[tuple[str, object]]:
    yield "", pgettext_lazy("states of invoices", "All")
    for state in InvoiceState:
        yield state.value, labels.STATUSES[state.value].words


class InvoiceFilter(forms.Form):
    """What to look for among an account's invoices: a text, a year of issue, a state."""

    q = SearchText(
        label=_("Search"),
        max_length=120,
        required=False,
        widget=forms.TextInput({"placeholder": _("Number, order or product")}),
    )
    year = forms.TypedChoiceField(label=_("Year"), required=False, coerce=int, empty_value=None)
    state = forms.ChoiceField(label=_("Status"), choices=_states, required=False)

    def __init__(self, account: Account, *args: object, **more: object) -> None:
        """Offer the years in which something was issued."""
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.issued = Invoice.objects.filter(subscription_id=account.pk)
        span = self.issued.aggregate(first=Min("issued_on"), last=Max("issued_on"))
        self.years = list(range(span["last"].year, span["first"].year - 1, -1)) if span["first"] else []
        years = self.fields["year"]
        assert isinstance(years, forms.TypedChoiceField)
        years.choices = [
            ("", pgettext_lazy("years of invoices", "All")),
            *((str(one), str(one)) for one in self.years),
        ]

    def chosen(self) -> InvoiceQuerySet:
        """Return the invoices that pass what was filled in and could be read."""
        self.is_valid()
        asked, found = self.cleaned_data, self.issued
        if asked.get("state"):
            found = found.in_state(InvoiceState(asked["state"]))
        if asked.get("year"):
            found = found.filter(issued_on__year=asked["year"])
        if text := asked.get("q"):
            named = Q(number__icontains=text) | Q(purchase_order__icontains=text)
            sold = Q(pk__in=self.issued.filter(lines__product_name__icontains=text).values("pk"))
            found = found.filter(named | sold)
        return found
