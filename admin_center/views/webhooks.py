"""Messages of the payment provider: kept where it signed them, and processed afterwards.

No session and no token of a form: what proves the sender is the signature over the body. The answer
says nothing of any account, whatever the message named.
"""

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import clock
from billing import reconciliation

log = structlog.get_logger()

# Larger than any message about one payment.
MOST_BYTES = 256 * 1024


@csrf_exempt
@login_not_required
@require_POST
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Keep a signed message once; a message that was kept before is answered like a new one."""
    body = _body(request)
    if body is None:
        return _answer("too large", 413)
    try:
        reconciliation.receive(provider, body, request.headers, at=clock.now())
    except reconciliation.NoSuchProvider:
        raise Http404 from None
    except reconciliation.MessageRefused as why:
        log.warning("message_refused", provider=provider, why=str(why))
        return _answer("refused", 400)
    return _answer("ok", 200)


def _body(request: HttpRequest) -> bytes | None:
    """Return the body as it was sent, or None where it is too large; a form's is none that is signed."""
    try:
        body = request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= MOST_BYTES else None
    except (RequestDataTooBig, ValueError):
        return None
    except RawPostDataException:
        return b""
    return body


def _answer(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")
