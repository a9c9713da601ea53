"""The door of an account's pages, asked for itself: also without the middleware that stands before it."""

from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from admin_center.views import home


def test_who_is_not_signed_in_is_led_to_do_so(rf: RequestFactory) -> None:
    request = rf.get("/a/acme/")
    request.user = AnonymousUser()
    answer = home.home(request, slug="acme")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/login/?next=/a/acme/")
