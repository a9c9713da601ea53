"""Promo codes: staff define them, change them with a reason, and ask whether one works for an account."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Account
from admin_center.back_office.columns import amount, linked, links, related
from admin_center.back_office.promo_code_forms import PromoCodeForm, PromoCodeTrialForm, UsedPromoCodeForm
from admin_center.back_office.site import site
from admin_center.back_office.staff import StaffAdmin, StaffInline
from admin_center.occasions import staff_occasion
from admin_center.wording import phrases, refusals
from admin_center.wording.bidi import isolated
from billing import promo_codes
from billing.models import PromoCode, PromoCodeEntry
from billing.rules.names import Names
from billing.storage import loading

WHY = {
    "unknown": _("No price list has such a code."),
    "other_catalogue": _("The code belongs to another price list than the account’s."),
    "no_subscription": _("The account has no subscription yet."),
    "account_type": _("An account of this type sees no costs: its people can’t type a code."),
    "withdrawn": _("The code was withdrawn."),
    "already_used": _("The account uses it already: the discount is still running."),
    "not_yet": _("The code is not valid yet on the account’s day."),
    "expired": _("The code’s last day is over on the account’s day."),
    "used_up": _("The code has been used as often as it may be in total."),
    "used_up_here": _("The account has used the code as often as one account may."),
    "first_purchase_only": _("The code is for a first purchase, and the account has bought before."),
    "currency": _("The code’s amount is in another currency than the account’s."),
    "products": _("The account has none of the products that the code is for. It would work with a change "
                  "that buys one of them."),
}  # fmt: skip
FACTS = (
    "price_list",
    "code",
    "percent",
    "amount_shown",
    "only_on_shown",
    "first_purchase_only",
    "valid_from",
)
NEW = ("code", "percent", "off", "currency", "only_on", "first_purchase_only", "valid_from", "valid_until")
LIMITS = ("limit_total", "limit_per_account")


class EntryInline(StaffInline):
    """Who defined or changed the code, when and why."""

    model = PromoCodeEntry
    ordering = ("-pk",)
    fields = ("at", "actor_name", "reason", "differences")

    @admin.display(description=_("What"))
    def differences(self, entry: PromoCodeEntry) -> str:
        """Return what changed, in the trail's own names."""
        if entry.before is None:
            return gettext("Defined")
        labels = {field.name: field.verbose_name for field in PromoCode._meta.get_fields() if field.concrete}
        return "; ".join(
            f"{labels.get(name, name)}: {_plain(entry.before.get(name))} → {_plain(value)}"
            for name, value in entry.after.items()
        )


@admin.register(PromoCode, site=site)
class PromoCodeAdmin(StaffAdmin):
    """Promo codes with their state today; once used, only dates and limits change."""

    change_list_template = "back_office/promo_codes.html"
    amount_shown = staticmethod(amount("amount", _("Amount per period")))
    price_list = staticmethod(linked("catalogue", "billing_catalogue", _("Catalogue")))
    list_display = (
        *("code", "standing", related("catalogue", _("Catalogue")), "percent"),
        *(amount("amount", _("Amount per period")), "valid_from", "valid_until", "uses"),
    )
    list_select_related = ("catalogue",)
    search_fields = ("code",)
    search_help_text = _("How the code begins.")
    inlines = (EntryInline,)

    # --- Who may --------------------------------------------------------------------------------
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return True for the vendor's staff."""
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return True for the vendor's staff."""
        return self.has_module_permission(request)

    # --- What is shown --------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what may be changed, which is everything until somebody has used the code."""
        if obj is None:
            return [(None, {"fields": ("catalogue", *NEW, "periods", *LIMITS, "reason")})]
        shown: tuple[str, ...]
        change: tuple[str, ...]
        if promo_codes.in_use(obj):
            shown = (*FACTS, "periods", "standing", "uses", "used_by", "try_it")
            change = ("valid_until", *LIMITS, "withdrawn", "reason")
        else:
            shown = ("price_list", "standing", "uses", "used_by", "try_it")
            change = (*NEW, "periods", *LIMITS, "withdrawn", "reason")
        return [(None, {"fields": shown}), (_("Change"), {"fields": change})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """Return what is only shown."""
        return () if obj is None else tuple(self.get_fieldsets(request, obj)[0][1]["fields"])

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """Return the form of a code that nobody has used, or of one that somebody has."""
        form = UsedPromoCodeForm if obj is not None and promo_codes.in_use(obj) else PromoCodeForm
        return super().get_form(request, obj, change, form=form, **options)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the trail, once there is one."""
        return self.inlines if obj is not None else ()

    @admin.display(description=_("Today"))
    def standing(self, promo: PromoCode) -> str:
        """Return whether it can be used today (UTC; for an account its own day counts)."""
        return str(promo.standing(clock.now().date()).label)

    @admin.display(description=_("Used"))
    def uses(self, promo: PromoCode) -> str:
        """Return how often it was used, of how often it may be."""
        if promo.limit_total is None:
            return str(promo.used)
        return gettext("%(used)s of %(most)s") % {"used": promo.used, "most": promo.limit_total}

    @admin.display(description=_("Used by"))
    def used_by(self, promo: PromoCode) -> SafeString | str:
        """Return the way to those who used it, who may be many."""
        return links((_("Who used it, when"), "billing_promoredemption", promo.code)) if promo.used else "–"

    @admin.display(description=_("Only on"))
    def only_on_shown(self, promo: PromoCode) -> str:
        """Return the products that the code is for; a dash: all."""
        return ", ".join(str(one) for one in promo.products.all()) or "–"

    @admin.display(description=_("Does it work?"))
    def try_it(self, promo: PromoCode) -> SafeString:
        """Return the way to ask for an account."""
        address = f"{reverse('vendor:billing_promocode_try')}?{urlencode({'code': promo.code})}"
        return format_html('<a href="{}">{}</a>', address, gettext("Ask for an account"))

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the codes that begin so."""
        return queryset.filter(code__startswith=term.upper())

    # --- What is done ---------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: PromoCode, form: Any, change: bool) -> None:
        """Define or change the code by its verb."""
        reason, occasion = form.cleaned_data["reason"], staff_occasion(request)
        if change:
            promo_codes.amend(obj.pk, form.changes(), occasion=occasion, reason=reason)
        else:
            terms = promo_codes.Terms(**form.changes())
            obj.pk = promo_codes.create(obj.catalogue, terms, occasion=occasion, reason=reason).pk

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses, with that of the question."""
        ask = path("try/", self.admin_site.admin_view(self.try_code), name="billing_promocode_try")
        return [ask, *super().get_urls()]

    def try_code(self, request: HttpRequest) -> HttpResponse:
        """Say whether a code works for an account today, with the precise reason; writes nothing."""
        asked = "account" in request.GET
        form = (
            PromoCodeTrialForm(request.GET)
            if asked
            else PromoCodeTrialForm(initial={"code": request.GET.get("code", "")})
        )
        valid = asked and form.is_valid()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Does a promo code work?"),
            "opts": self.opts,
            "form": form,
            "method": "get",
            "answer": _answer(**form.cleaned_data) if valid else None,
        }
        wrong = asked and not valid
        return TemplateResponse(request, "back_office/try_code.html", context, status=422 if wrong else 200)


def _answer(code: str, account: Account) -> dict[str, Any]:
    """Return the answer for the page, in words."""
    on = clock.today(account)
    found = promo_codes.try_out(code, account, on=on)
    if found.refusal is not None:
        reading = loading.read(account, on)
        why = refusals.explain(found.refusal, reading.names if reading else Names())
    elif found.works and found.first:
        why = _first(code, account)
    else:
        why = str(WHY.get(found.reason, found.reason))
    told = {"works": found.works, "why": why, "code": code, "account": account}
    return told | {"on": phrases.day(on)}


def _first(code: str, account: Account) -> str:
    """Say what a first purchase must hold for the code to work."""
    promo = PromoCode.objects.get(catalogue__subscriptions=account.pk, code=code)
    names = [product.name for product in promo.products.all()]
    if not names:
        return gettext("With the account’s first purchase.")
    words = ngettext(
        "With the account’s first purchase, where it holds %(names)s.",
        "With the account’s first purchase, where it holds one of %(names)s.",
        len(names),
    )
    return words % {"names": ", ".join(map(isolated, names))}


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "–" if value is None else str(value)
