"""The export of an account's own data: asked for, prepared in the background, taken along by the owner."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rules.decision import Action
from admin_center.pages import AccountRequest, page
from billing import data_export
from billing.models import DataExport


@require_http_methods(["GET", "HEAD", "POST"])
@page(Action.EXPORT_DATA)
def export(request: AccountRequest) -> HttpResponse:
    """Show how far the last export got; a POST asks for a new one."""
    if request.method == "POST":
        data_export.ask(request.account, occasion=request.occasion)
        return redirect("export", request.account.slug)
    last = DataExport.objects.filter(account=request.account).defer("content").order_by("-pk").first()
    waits = last is not None and last.state in (DataExport.State.WAITING, DataExport.State.RUNNING)
    return render(request, "export/page.html", {"last": last, "waits": waits})


@require_safe
@page(Action.EXPORT_DATA)
def export_file(request: AccountRequest, export_id: int) -> HttpResponse:
    """Hand over the ZIP of an export that is ready; raise Http404 for any other."""
    found = DataExport.objects.filter(
        pk=export_id, account=request.account, state=DataExport.State.READY
    ).first()
    if found is None or found.content is None:
        raise Http404
    name = f"{request.account.slug}-{found.created_at.date().isoformat()}.zip"
    return HttpResponse(
        bytes(found.content),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
