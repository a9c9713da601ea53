"""Every address of the console. A new one is also a row of tests/sweeps' table."""

from django.urls import URLPattern, URLResolver, include, path, register_converter

from admin_center.back_office import site
from admin_center.views import (
    activity,
    calendar,
    cancellation,
    contacts,
    documents,
    errors,
    export,
    forecast,
    help,
    home,
    invitations,
    invoice_links,
    invoices,
    kept_quotes,
    limits,
    machines,
    manage,
    members,
    ownership,
    payment,
    payment_links,
    people,
    profile,
    quotes,
    regret,
    renewal,
    requests,
    sandbox,
    search,
    sign_in,
    statement,
    subscription,
    webhooks,
)


class InvoiceNumber:
    """The number of an invoice in an address; one of the system before may have slashes, none has a tilde."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the number."""
        return value.replace("~", "/")

    def to_url(self, value: str) -> str:
        """Return how the number stands in the address."""
        return value.replace("/", "~")


register_converter(InvoiceNumber, "invoice")

of_account: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("help/", help.account_index, name="account_help"),
    path("help/<slug:article>/", help.account_article, name="account_help_page"),
    path("billing/subscription/", subscription.subscription, name="subscription"),
    path("billing/subscription/manage/", manage.manage, name="manage"),
    path("billing/subscription/manage/preview", manage.preview, name="manage_preview"),
    path("billing/subscription/renewal/", renewal.renewal, name="renewal"),
    path("billing/subscription/renewal/calendar/", calendar.calendar_make, name="calendar_make"),
    path(
        "billing/subscription/renewal/calendar/revoke/",
        calendar.calendar_revoke,
        name="calendar_revoke",
    ),
    path("billing/subscription/forecast/", forecast.forecast, name="forecast"),
    path("billing/subscription/forecast.csv", forecast.forecast_csv, name="forecast_csv"),
    path("billing/subscription/give-back/", regret.give_back, name="give_back"),
    path("billing/subscription/scheduled/<int:change_id>/undo/", quotes.undo, name="undo"),
    path("billing/quotes/<uuid:quote_id>/", quotes.quote, name="quote"),
    path("billing/quotes/<uuid:quote_id>/return/", quotes.quote_return, name="quote_return"),
    path("billing/quotes/<uuid:quote_id>/withdraw/", quotes.quote_withdraw, name="quote_withdraw"),
    path("billing/quotes/<uuid:quote_id>/again/", quotes.quote_again, name="quote_again"),
    path("billing/requests/limits/", limits.limits, name="limits"),
    path("billing/quotes/<uuid:quote_id>/keep/", kept_quotes.quote_keep, name="quote_keep"),
    path("billing/kept-quotes/", kept_quotes.kept_list, name="kept_quotes"),
    path("billing/kept-quotes/<uuid:kept_id>/", kept_quotes.kept_quote, name="kept_quote"),
    path("billing/kept-quotes/<uuid:kept_id>.pdf", kept_quotes.kept_pdf, name="kept_pdf"),
    path("billing/kept-quotes/<uuid:kept_id>/take-up/", kept_quotes.kept_take_up, name="kept_take_up"),
    path("billing/kept-quotes/<uuid:kept_id>/remove/", kept_quotes.kept_remove, name="kept_remove"),
    path("billing/kept-quotes/<uuid:kept_id>/link/", kept_quotes.kept_link, name="kept_link"),
    path(
        "billing/kept-quotes/<uuid:kept_id>/link/revoke/",
        kept_quotes.kept_link_revoke,
        name="kept_link_revoke",
    ),
    path("billing/requests/<int:request_id>/", requests.request, name="request"),
    path("billing/requests/<int:request_id>/receipt/", quotes.request_receipt, name="request_receipt"),
    path("billing/requests/<int:request_id>/approve/", requests.approve, name="request_approve"),
    path("billing/requests/<int:request_id>/reject/", requests.reject, name="request_reject"),
    path("billing/requests/<int:request_id>/comment/", requests.comment, name="request_comment"),
    path("billing/requests/<int:request_id>/withdraw/", requests.withdraw, name="request_withdraw"),
    path("billing/subscription/cancel/", cancellation.cancel, name="cancel"),
    path("billing/subscription/cancel/product/", cancellation.cancel_product, name="cancel_product"),
    path("billing/subscription/cancel/period-end/", cancellation.cancel_at_end, name="cancel_at_end"),
    path("billing/subscription/cancel/at-once/", cancellation.cancel_account, name="cancel_account"),
    path("billing/subscription/cancel/export/", export.export, name="export"),
    path("billing/subscription/cancel/export/<int:export_id>/", export.export_file, name="export_file"),
    path("billing/payment/", payment.payment, name="payment"),
    path("billing/payment/replace/", payment.payment_begin, name="payment_begin"),
    path("billing/payment/add/", payment.payment_add, name="payment_add"),
    path("billing/payment/methods/<int:method_id>/use/", payment.method_use, name="method_use"),
    path("billing/payment/methods/<int:method_id>/remove/", payment.method_remove, name="method_remove"),
    path("billing/payment/return/", payment.payment_return, name="payment_return"),
    path("billing/profile/", profile.profile, name="profile"),
    path("billing/profile/recipients/", profile.recipient_add, name="recipient_add"),
    path(
        "billing/profile/recipients/<int:recipient_id>/remove/",
        profile.recipient_remove,
        name="recipient_remove",
    ),
    path("billing/invoices/", invoices.invoices, name="invoices"),
    path("billing/statement/", statement.statement, name="statement"),
    path("billing/statement.csv", statement.statement_csv, name="statement_csv"),
    path("billing/statement.pdf", statement.statement_pdf, name="statement_pdf"),
    path("billing/credit/", statement.credit, name="credit"),
    path("billing/invoices.csv", documents.invoices_csv, name="invoices_csv"),
    path("billing/invoices.zip", documents.invoices_zip, name="invoices_zip"),
    path("billing/invoices/<invoice:number>.pdf", documents.invoice_pdf, name="invoice_pdf"),
    path("billing/invoices/<invoice:number>.xml", documents.invoice_ubl, name="invoice_ubl"),
    path(
        "billing/invoices/<invoice:number>/factur-x.pdf", documents.invoice_factur_x, name="invoice_factur_x"
    ),
    path("billing/invoices/<invoice:number>/", invoices.invoice, name="invoice"),
    path("billing/invoices/<invoice:number>/pay/", invoices.pay, name="invoice_pay"),
    path("billing/invoices/<invoice:number>/return/", invoices.pay_return, name="invoice_return"),
    path("billing/invoices/<invoice:number>/links/", invoice_links.invoice_links, name="invoice_links"),
    path(
        "billing/payment-links/<int:link_id>/revoke/",
        invoice_links.payment_link_revoke,
        name="payment_link_revoke",
    ),
    path("billing/contacts/", contacts.contacts, name="contacts"),
    path("people/", people.people, name="people"),
    path("people/<int:member_id>/", members.member, name="member"),
    path("people/<int:member_id>/role/", members.member_role, name="member_role"),
    path("people/<int:member_id>/payment-details/", members.member_delegate, name="member_delegate"),
    path("people/<int:member_id>/seat/", members.member_seat, name="member_seat"),
    path("people/<int:member_id>/suspend/", members.member_suspend, name="member_suspend"),
    path("people/<int:member_id>/resume/", members.member_resume, name="member_resume"),
    path("people/<int:member_id>/remove/", members.member_remove, name="member_remove"),
    path("people/invite/", invitations.invite, name="invite"),
    path("people/invite/several/", invitations.invite_several, name="invite_several"),
    path("people/planned/<uuid:quote_id>/", invitations.planned_resume, name="planned_resume"),
    path("people/planned/<uuid:quote_id>/discard/", invitations.planned_discard, name="planned_discard"),
    path("people/invitations/<int:invitation_id>/revoke/", invitations.revoke, name="invitation_revoke"),
    path("people/ownership/", ownership.show, name="ownership"),
    path("people/ownership/offer/<int:member_id>/", ownership.offer, name="ownership_offer"),
    path("people/ownership/<int:offer_id>/accept/", ownership.accept, name="ownership_accept"),
    path("people/ownership/<int:offer_id>/withdraw/", ownership.withdraw, name="ownership_withdraw"),
    path("activity/", activity.activity, name="activity"),
    path("activity.csv", activity.activity_csv, name="activity_csv"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.chooser, name="chooser"),
    path("preferences/", home.preferences, name="preferences"),
    path("search/", search.everywhere, name="search_everywhere"),
    path("a/<slug:slug>/", include(of_account)),
    path("closed/", cancellation.closed, name="closed"),
    path("invitations/<str:token>/", invitations.join, name="join"),
    path("calendar/<str:token>.ics", calendar.calendar, name="calendar"),
    path("kept-quotes/<str:token>/", kept_quotes.kept_read, name="kept_read"),
    path("pay/back/", payment_links.back, name="pay_return"),
    path("pay/<str:token>/", payment_links.link, name="pay_link"),
    path("help/", help.index, name="help"),
    path("help/<slug:article>/", help.article, name="help_page"),
    path("sign-in/", include("admin_center.sign_in_urls")),
    path("sandbox-provider/method/<str:token>/", sandbox.method, name="sandbox_method"),
    path("sandbox-provider/pay/<str:token>/", sandbox.pay, name="sandbox_pay"),
    path("webhooks/<slug:provider>/", webhooks.webhook, name="webhook"),
    path("vendor/", site.urls),
    path("healthz", machines.healthz, name="healthz"),
    path("readyz", machines.readyz, name="readyz"),
    path("metrics", machines.metrics, name="metrics"),
]

handler400 = errors.bad_request
handler403 = errors.refused
handler404 = errors.not_found
handler500 = errors.failed
# allauth's rate limits look for it.
handler429 = sign_in.too_many
