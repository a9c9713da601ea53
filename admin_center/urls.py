"""Every address of the console (design.md 2). A new one is also a row of tests/sweeps' table."""

from django.urls import URLPattern, URLResolver, include, path

from admin_center.back_office import site
from admin_center.views import (
    activity,
    cancellation,
    contacts,
    errors,
    help,
    home,
    invoices,
    machines,
    manage,
    payment,
    people,
    sign_in,
    subscription,
)

of_account: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("billing/subscription/", subscription.subscription, name="subscription"),
    path("billing/subscription/manage/", manage.manage, name="manage"),
    path("billing/subscription/cancel/", cancellation.cancel, name="cancel"),
    path("billing/payment/", payment.payment, name="payment"),
    path("billing/invoices/", invoices.invoices, name="invoices"),
    path("billing/contacts/", contacts.contacts, name="contacts"),
    path("people/", people.people, name="people"),
    path("activity/", activity.activity, name="activity"),
    path("activity.csv", activity.activity_csv, name="activity_csv"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.chooser, name="chooser"),
    path("preferences/", home.preferences, name="preferences"),
    path("a/<slug:slug>/", include(of_account)),
    path("help/", help.index, name="help"),
    path("help/<slug:slug>/", help.page, name="help_page"),
    path("sign-in/", include("admin_center.sign_in_urls")),
    path("vendor/", site.urls),
    path("healthz", machines.healthz, name="healthz"),
    path("readyz", machines.readyz, name="readyz"),
]

handler403 = errors.refused
handler404 = errors.not_found
handler500 = errors.failed
# allauth's rate limits look for it.
handler429 = sign_in.too_many
