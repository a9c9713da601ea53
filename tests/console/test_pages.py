"""The doors of the pages, asked for themselves: also without the middleware that stands before them."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from accounts.models import Account
from admin_center.back_office import site
from admin_center.views import home
from tests import people
from tests.console.reading import signed_in

SIGN_IN = "/sign-in/login/?next="


def test_who_is_not_signed_in_is_led_to_do_so(rf: RequestFactory) -> None:
    for path, page in (("/a/acme/", home.home), ("/vendor/", site.admin_view(lambda _request: None))):
        request: Any = rf.get(path)
        request.user = AnonymousUser()
        answer = page(request, slug="acme")
        assert (answer.status_code, answer.headers["Location"]) == (302, SIGN_IN + path)


@pytest.mark.parametrize(
    ("path", "posted", "status"),
    [
        ("/a/acme/billing/invoices/INV%00/", None, 404),
        ("/a/acme/people/?q=%00", None, 400),
        ("/a/acme/people/invite/", {"name": "Ni\0na", "email": "nina@acme.example", "role": "agent"}, 400),
    ],
)
def test_what_a_database_can_not_hold_is_refused_before_any_page(
    acme: Account, path: str, posted: dict[str, str] | None, status: int
) -> None:
    olivia: Client = signed_in(people.user("olivia"))
    answer = olivia.get(path) if posted is None else olivia.post(path, posted)
    assert answer.status_code == status
