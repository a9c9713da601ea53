"""The pages of answers that are not the one asked for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from admin_center import drafts


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old or came from elsewhere, and how to go on; nothing was changed."""
    # Signed in again in another window, say: what was typed waits at its page, for who typed it.
    return render(request, "403_csrf.html", {"typed_at": drafts.keep(request)}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that what was sent can't be read; nothing was changed."""
    return render(request, "400.html", status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is nothing here, in the same words for what is hidden and what is absent."""
    return render(request, "404.html", status=404)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say why a request was refused where no gate decided it."""
    return render(request, "403.html", status=403)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that something broke on our side, without touching the database again."""
    return render(request, "500.html", status=500)
