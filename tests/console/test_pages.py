"""The doors of the pages, asked for themselves: also without the middleware that stands before them."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.models import Account
from accounts.rules.decision import Action
from admin_center.back_office import site
from admin_center.pages import page
from admin_center.views import home
from tests import people
from tests.console.reading import signed_in

SIGN_IN = "/sign-in/login/?next="


def test_who_is_not_signed_in_is_led_to_do_so(rf: RequestFactory) -> None:
    for path, view in (("/a/acme/", home.home), ("/vendor/", site.admin_view(lambda _request: None))):
        request: Any = rf.get(path)
        request.user = AnonymousUser()
        answer = view(request, slug="acme")
        assert (answer.status_code, answer.headers["Location"]) == (302, SIGN_IN + path)


def test_a_page_is_closed_to_who_may_do_what_its_refusal_speaks_of(acme: Account, rf: RequestFactory) -> None:
    """Adam may read the subscription, and not change it: he is told of changing, whatever `about` says."""
    door = page(Action.CHANGE_SUBSCRIPTION, about=Action.VIEW_SUBSCRIPTION)(
        lambda _request: HttpResponse("in")
    )
    request: Any = rf.get("/a/acme/")
    request.user, request.session = people.user("adam"), {}
    answer: Any = door(request, slug="acme")
    assert answer.status_code == 403
    request.user = people.user("olivia")
    assert door(request, slug="acme").content == b"in"  # type: ignore[attr-defined]


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
