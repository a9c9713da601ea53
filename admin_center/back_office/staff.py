"""What every page of the back office has in common: who may look, and lists that never count."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin, ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import CharField, Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from admin_center import drafts
from admin_center.forms.fields import Text
from admin_center.pagination import Order, cut

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
    BaseInline = admin.TabularInline[Any, Any]
    BaseOptions = InlineModelAdmin[Any, Any] | admin.ModelAdmin[Any]
    BaseRows = BaseInlineFormSet[Any, Any, Any]
else:
    BaseAdmin = admin.ModelAdmin
    BaseInline = admin.TabularInline
    BaseRows = BaseInlineFormSet

NEWEST_FIRST = Order("pk", int, descending=True)
PAGE_SIZE = 50
# Names that Django's list would take for filters.
_OURS = ("after", "before")


class StaffChangeList(ChangeList):
    """A page of a long list by key: newest first, no COUNT, the last page as fast as the first."""

    model_admin: "StaffAdmin"
    previous = ""
    next = ""

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the filters in the address, without the place in the list."""
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in _OURS}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the one order in which a page by key is possible."""
        order = self.model_admin.order
        return list(dict.fromkeys([f"-{order.field}", "-pk"]))

    def __init__(self, *parts: Any, **named: Any) -> None:
        """Make the list, titled by what it lists."""
        super().__init__(*parts, **named)
        self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_results(self, request: HttpRequest) -> None:
        """Read one page, and one row more to know whether another follows."""
        page = cut(self.queryset, self.model_admin.order, request.GET, size=self.list_per_page)
        self.result_list = page.rows
        self.previous, self.next = page.previous, page.next
        self.result_count = len(page.rows)
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = False
        self.paginator = None


class StaffRights:
    """Rights without stored permissions: the site lets in active staff only, who may look at all."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return True for the vendor's staff."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return True for the vendor's staff."""
        return self.has_module_permission(request)

    def has_view_or_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return True for the vendor's staff."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: rows are made by verbs and by files."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: rows are changed by verbs."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: nothing is deleted in the back office."""
        return False


class ReadOnlyRows(BaseRows):
    """Rows that are looked at: nothing of them is posted, so nothing of them can be wrong."""

    def is_valid(self) -> bool:
        """Return True."""
        return True

    def save(self, commit: bool = True) -> list[Any]:
        """Save nothing."""
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []
        return []


class StaffInline(StaffRights, BaseInline):
    """Rows shown on their parent's page."""

    formset = ReadOnlyRows
    extra = 0
    max_num = 0
    can_delete = False
    template = "back_office/rows.html"
    # Foreign keys that its columns name.
    list_select_related: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows with what their columns name, in one query."""
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        """Return all of its columns."""
        return tuple(self.fields or ())


class StaffAdmin(StaffRights, BaseAdmin):
    """A list and a page of one model, to look at."""

    formfield_overrides = {CharField: {"form_class": Text}}
    actions = None
    order: ClassVar[Order] = NEWEST_FIRST
    list_per_page = PAGE_SIZE
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    list_select_related: ClassVar[tuple[str, ...]] = ()
    change_form_template = "back_office/change_form.html"
    # The box is shown where this is not empty; `found` says what it searches.
    search_fields: ClassVar[tuple[str, ...]] = ()
    search_help_text = _("How a name, an address name or an e-mail address begins.")

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return the list that never counts."""
        return StaffChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows with what the page names, in one query."""
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        """Return every field that is shown; a subclass lets some be changed."""
        return tuple(self.fields or ())

    def get_formset_kwargs(self, request: HttpRequest, *parts: Any) -> dict[str, Any]:
        """Return what the rows of a page are made from, which is never what was posted."""
        given = super().get_formset_kwargs(request, *parts)
        return {name: value for name, value in given.items() if name not in ("data", "files", "save_as_new")}

    def name_of(self, row: Any) -> str:
        """Return how a row is called above its page."""
        return str(row)

    def render_change_form(self, request: HttpRequest, context: Any, *parts: Any, **named: Any) -> Any:
        """Show the page under the name of its row."""
        row = context["original"]
        name = self.name_of(row) if row is not None else _("New")
        told = {
            "title": capfirst(self.opts.verbose_name),
            "subtitle": name,
            "kept": drafts.refill(request, context["adminform"].form),
        }
        return super().render_change_form(request, context | told, *parts, **named)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what the term finds: only by indexes, never by looking into every row."""
        term = search_term.strip() if self.search_fields else ""
        return (self.found(queryset, term) if term else queryset), False

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the rows that a term finds; a subclass that is searched says which."""
        raise NotImplementedError

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters of the list and no other: an address can't ask for a slow query."""
        named = [getattr(one, "parameter_name", one) for one in self.get_list_filter(request)]
        return lookup.removesuffix("__exact") in named

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Raise Http404: the trail is the account's activity, not Django's log."""
        raise Http404

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """Keep no second log beside the trail."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """Keep no second log beside the trail."""
