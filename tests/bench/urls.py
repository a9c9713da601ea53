"""The console's addresses, and a page for signed-in people that answers one word: what all pages cost."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from admin_center import urls


def word(request: HttpRequest) -> HttpResponse:
    return HttpResponse("word", content_type="text/plain")


urlpatterns = [path("word/", word), *urls.urlpatterns]
handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500
