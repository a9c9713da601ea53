"""The door of the back office: active staff, on its own host where one is set, and nobody else."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import clock
from admin_center.back_office import queues, search_page, sections
from admin_center.back_office.cancellation_figures import A_YEAR, by_reason
from billing.models import Cancellation


class BackOffice(AdminSite):
    """Pages for the vendor's staff. To everybody else who is signed in they don't exist."""

    site_title = _("Back office")
    site_header = format_lazy(_("{vendor} back office"), vendor=settings.VENDOR_NAME)
    index_title = _("What waits for you")
    empty_value_display = "–"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Let active staff in; anonymous people sign in, others get a 404."""
        shown: Callable[..., HttpResponse] = super().admin_view(view, cacheable)

        @wraps(view)
        def door(request: HttpRequest, *parts: Any, **named: Any) -> HttpResponse:
            if settings.VENDOR_HOST and request.get_host() != settings.VENDOR_HOST:
                raise Http404
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise Http404
            if settings.STAFF_NEED_SECOND_FACTOR and not is_mfa_enabled(
                request.user, [Authenticator.Type.TOTP]
            ):
                messages.warning(
                    request, _("The back office needs a second factor: set one up here, then go on to it.")
                )
                return redirect("mfa_activate_totp")
            return shown(request, *parts, **named)

        return door

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page knows, with what stands beside it."""
        return super().each_context(request) | {"sections": sections.of(request)}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what waits for the staff, and why accounts were cancelled in the last twelve months."""
        now = clock.now()
        context = {
            **self.each_context(request),
            "title": self.index_title,
            "queues": queues.read(now),
            "bars": by_reason(Cancellation.objects.filter(created_at__gte=now - A_YEAR)),
        }
        return TemplateResponse(request, "back_office/index.html", context)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Lead to the front page: the sidebar has every list."""
        return redirect("vendor:index")

    def get_urls(self) -> list[Any]:
        """Return the addresses; who is not signed in is sent to the console's own sign-in."""
        search = self.admin_view(partial(search_page.show, self))
        urls = [path("search/", search, name="search"), *super().get_urls()]
        for pattern in urls:
            # Django names its own form for passwords to the middleware that asks for a session.
            vars(getattr(pattern, "callback", None) or pattern).pop("login_url", None)
        return urls

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the console's own sign-in: no second form for passwords, without its limits."""
        answer: HttpResponse = self.admin_view(lambda _request: redirect(f"{self.name}:index"))(request)
        return answer

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Lead to the console's own page for signing out."""
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Lead to the console's own page for the password."""
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Lead to the console's own page for the password."""
        return redirect("account_change_password")


site = BackOffice(name="vendor")
