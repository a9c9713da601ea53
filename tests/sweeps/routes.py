"""Every address of the program, what it asks of the gate, and what it answers: one row for each name.

A new address in urls.py without a row here fails `test_every_address_has_a_row`. A row says:

- `action`: the row of the decision table (test_decisions.py) that opens it, for pages of an account;
- `get`, `post`: the statuses that are right for somebody who may (a form posted empty: 200, 302, 400 …);
  a method that is not named must answer 405, whoever asks;
- `child`, `part`: for an address with an id beside the account, which of `world.own_ids` it takes, and
  under which name; `also`: other children that the page shows; `absent`: what it answers for an id that
  is not there (or is another account's: the same); `whose`: only this person's page finds it;
- `parts`: what else an address is made of;
- `post_action`: what the verb behind a POST demands beyond the page's own action;
- `queries`: the most statements that it may need, when 20 are too many or too few.

An address outside of accounts says who may come: `open` (everybody), `signed_in`, `staff`, or `closed`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """One address of an account, or (without an action) one outside."""

    action: str = ""
    get: tuple[int, ...] = ()
    post: tuple[int, ...] = ()
    child: str = ""
    part: str = ""
    also: tuple[str, ...] = ()
    absent: int = 404
    whose: str = ""
    post_action: str = ""
    who: str = "account"
    parts: tuple[tuple[str, str], ...] = ()
    queries: int = 20
    # A file to keep, not a page to look at.
    download: bool = False
    # Other views of the same page, e.g. "?tab=requests": looked at by the sweeps that read pages.
    tabs: tuple[str, ...] = ()


READ = (200,)

ACCOUNT: dict[str, Route] = {
    "home": Route("enter", READ),
    # By a word of an article, and by one of none.
    "account_help": Route("enter", READ, tabs=("", "?q=price", "?q=zzzz")),
    "account_help_page": Route("enter", READ, parts=(("article", "amounts"),)),
    # By a letter that people, pages and numbers have.
    "search": Route("enter", READ, tabs=("", "?q=a", "?q=2", "?q=zzzz")),
    "subscription": Route("view_subscription", READ, tabs=("", "?tab=requests")),
    "renewal": Route("view_subscription", READ),
    "calendar_make": Route("view_subscription", post=(200,)),
    "calendar_revoke": Route("view_subscription", post=(302,)),
    # Posted empty: as things stand.
    "forecast": Route("see_costs", READ, READ, post_action="request_change", queries=30),
    # Where nothing is bought there is no file: back to the page.
    "forecast_csv": Route(
        "see_costs", (200, 302), (200, 302), post_action="request_change", download=True, queries=30
    ),
    # Without a subscription there is nothing to manage: back to Home.
    "manage": Route("request_change", (200, 302), (302, 422), queries=30),
    "manage_preview": Route("request_change", post=(200, 302), queries=30),
    # Posted empty: back to the summary, which says what is missing.
    "give_back": Route("reduce", post=(302,)),
    "undo": Route(
        "view_subscription",
        post=(302,),
        child="change",
        part="change_id",
        absent=302,
        post_action="undo_change",
        queries=30,
    ),
    "quote": Route(
        "change_subscription",
        READ,
        (302, 422),
        child="quote",
        part="quote_id",
        also=("receipt",),
        whose="owner",
        queries=60,
    ),
    "quote_return": Route(
        "change_subscription", (302,), (302,), child="quote", part="quote_id", whose="owner"
    ),
    "quote_withdraw": Route(
        "change_subscription", post=(302,), child="quote", part="quote_id", whose="owner", queries=30
    ),
    "quote_again": Route(
        "change_subscription", post=(302, 422), child="quote", part="quote_id", whose="owner", queries=40
    ),
    "quote_keep": Route("change_subscription", post=(302,), child="quote", part="quote_id", whose="owner"),
    "kept_quotes": Route("change_subscription", READ),
    "kept_quote": Route("change_subscription", READ, child="kept", part="kept_id"),
    # None where costs are not shown.
    "kept_pdf": Route("change_subscription", (200, 404), child="kept", part="kept_id", download=True),
    "kept_take_up": Route("change_subscription", post=(302,), child="kept", part="kept_id", queries=40),
    "kept_remove": Route("change_subscription", post=(302,), child="kept", part="kept_id"),
    "kept_link": Route("change_subscription", post=(200,), child="kept", part="kept_id", queries=30),
    "kept_link_revoke": Route("change_subscription", post=(302,), child="kept", part="kept_id"),
    "request": Route("view_subscription", READ, child="request", part="request_id"),
    "request_receipt": Route("view_subscription", READ, child="approved", part="request_id"),
    "request_approve": Route(
        "decide_requests", post=(302, 422), child="request", part="request_id", queries=40
    ),
    # Posted without a reason.
    "request_reject": Route("decide_requests", post=(422,), child="request", part="request_id", queries=30),
    # Posted empty: all are off, as they are.
    "limits": Route("view_subscription", READ, (302,), post_action="set_limits"),
    # Posted without a word.
    "request_comment": Route("request_change", post=(422,), child="request", part="request_id", queries=30),
    # Nobody of the world asked for it.
    "request_withdraw": Route(
        "view_subscription", post=(403,), child="request", part="request_id", queries=30
    ),
    # Open to more than the owner, who read there why they can't.
    "cancel": Route("view_contacts", READ, queries=30),
    # Posted without a product: refused by the rules, shown on the page.
    "cancel_product": Route("cancel_product", post=(422, 403), queries=40),
    # Trials never bought a period that could end; posted without a reason.
    "cancel_at_end": Route("cancel_account", (200, 302), (302, 422), queries=30),
    # Nobody of the world has shown their password again: led to do so.
    "cancel_account": Route("cancel_account", (302,), (302,)),
    "export": Route("export_data", READ, (302,)),
    "export_file": Route("export_data", READ, child="export", part="export_id", download=True),
    "payment": Route("view_payment", READ),
    "payment_begin": Route("change_payment", post=(302,)),
    "payment_add": Route("change_payment", post=(302,)),
    # Posted without what it is to be used for.
    "method_use": Route("change_payment", post=(302,), child="method", part="method_id"),
    "method_remove": Route("change_payment", post=(302,), child="method", part="method_id", queries=30),
    # Nobody of the world has opened a page at the provider.
    "payment_return": Route("change_payment", (302,), (302,)),
    # Posted empty.
    "profile": Route("view_payment", READ, (422,), post_action="change_payment"),
    "recipient_add": Route("choose_recipients", post=(422,)),
    "recipient_remove": Route("choose_recipients", post=(302,), child="recipient", part="recipient_id"),
    "invoices": Route("view_invoices", READ),
    "invoice": Route("view_invoices", READ, child="invoice", part="number"),
    "statement": Route("view_invoices", READ),
    "statement_csv": Route("view_invoices", READ, download=True),
    "statement_pdf": Route("view_invoices", READ, download=True),
    "credit": Route("view_invoices", READ),
    "invoices_csv": Route("view_invoices", READ, download=True),
    # A trial has no document: back to the list, which says so.
    "invoices_zip": Route("view_invoices", (200, 302), download=True),
    "invoice_pdf": Route("view_invoices", READ, child="invoice", part="number", download=True),
    # The world has no rates of tax, without which there is no e-invoice.
    "invoice_ubl": Route("view_invoices", (404,), child="invoice", part="number"),
    "invoice_factur_x": Route("view_invoices", (404,), child="invoice", part="number"),
    "invoice_pay": Route("pay_invoice", post=(302,), child="invoice", part="number", queries=30),
    # Nothing of the world's invoice waits for a bank: back to it.
    "invoice_links": Route("pay_invoice", READ, (422,), child="invoice", part="number", queries=22),
    "payment_link_revoke": Route("pay_invoice", post=(302,), child="link", part="link_id"),
    "invoice_return": Route("pay_invoice", (302,), (302,), child="invoice", part="number"),
    "contacts": Route("view_contacts", READ),
    "people": Route("view_people", READ),
    "member": Route("view_people", READ, child="member", part="member_id"),
    # Posted without a role, and without a product.
    "member_role": Route("manage_roles", post=(422,), child="member", part="member_id"),
    "member_seat": Route("manage_people", post=(422,), child="member", part="member_id"),
    # The world's member is an agent.
    "member_delegate": Route("manage_roles", post=(422,), child="member", part="member_id", queries=30),
    "member_suspend": Route("manage_people", post=(302,), child="member", part="member_id", queries=30),
    "member_resume": Route("manage_people", post=(302,), child="member", part="member_id", queries=30),
    "member_remove": Route("manage_people", READ, (302,), child="member", part="member_id", queries=40),
    "invite": Route("manage_people", READ, (422,)),
    "invite_several": Route("manage_people", READ, (422,)),
    # Nobody of the world waits for a seat.
    "planned_resume": Route("manage_people", post=(302,), child="quote", part="quote_id"),
    "planned_discard": Route("manage_people", post=(302,), child="quote", part="quote_id"),
    "invitation_revoke": Route("manage_people", post=(302,), child="invitation", part="invitation_id"),
    "ownership": Route("view_people", READ),
    # Nobody of the world has shown their password again: led to do so.
    "ownership_offer": Route(
        "transfer_ownership", (302,), (302,), child="member", part="member_id", absent=302
    ),
    "ownership_accept": Route("view_people", (302,), (302,), child="offer", part="offer_id", absent=302),
    "ownership_withdraw": Route(
        "view_people", post=(302,), child="offer", part="offer_id", post_action="transfer_ownership"
    ),
    "activity": Route("view_activity", READ),
    "activity_csv": Route("view_activity", READ, download=True),
}

OUTSIDE: dict[str, Route] = {
    "chooser": Route(get=(200, 302), who="signed_in"),
    "preferences": Route(post=(302,), who="open"),
    "help": Route(get=READ, who="open", tabs=("", "?q=price", "?q=zzzz")),
    "help_page": Route(get=READ, who="open", parts=(("article", "cancelling"),)),
    "search_everywhere": Route(get=READ, who="signed_in", tabs=("", "?q=a", "?q=zzzz")),
    # Nobody of the world has just cancelled.
    "closed": Route(get=(410,), who="open"),
    "healthz": Route(get=READ, who="open"),
    "readyz": Route(get=READ, who="open"),
    # To who bears no token it is not there.
    "metrics": Route(get=(404,), who="open"),
    # For the provider's machine: what it signs. The sandbox sends nothing.
    "webhook": Route(post=(404,), who="open", parts=(("provider", "stripe"),)),
    # Found by an unguessable token; this one is nobody's.
    "join": Route(get=(404,), post=(404,), who="open", parts=(("token", "x"),)),
    # By a member's secret link; this one is nobody's.
    "calendar": Route(get=(404,), who="open", parts=(("token", "x"),)),
    # By a link that pays an invoice; this one is nobody's, and nobody of the world was at the provider.
    "pay_link": Route(get=(404,), post=(404,), who="open", parts=(("token", "x"),)),
    "kept_read": Route(get=(404,), who="open", parts=(("token", "x"),), download=True),
    "pay_return": Route(get=(404,), post=(404,), who="open"),
    # The sandbox provider's own pages, found by an unguessable token; this one is nobody's.
    "sandbox_method": Route(get=(404,), post=(404,), who="open", parts=(("token", "x"),)),
    "sandbox_pay": Route(get=(404,), post=(404,), who="open", parts=(("token", "x"),)),
    "sign_in": Route(get=(302,), post=(302,), who="any"),
    "account_login": Route(get=(200, 302), post=(200, 302), who="any"),
    "account_logout": Route(get=(200, 302), post=(302,), who="any"),
    "account_inactive": Route(get=READ, who="any"),
    "account_reauthenticate": Route(get=READ, post=READ, who="signed_in"),
    "account_email_verification_sent": Route(get=READ, who="any"),
    "account_confirm_email": Route(get=READ, post=(404,), who="any", parts=(("key", "x"),)),
    "account_change_password": Route(get=READ, post=READ, who="signed_in"),
    "account_set_password": Route(get=(302,), post=(302,), who="signed_in"),
    "account_reset_password": Route(get=READ, post=READ, who="any"),
    "account_reset_password_done": Route(get=READ, who="any"),
    "account_reset_password_from_key": Route(
        get=READ, post=READ, who="any", parts=(("uidb36", "1"), ("key", "x"))
    ),
    "account_reset_password_from_key_done": Route(get=READ, who="any"),
    "mfa_index": Route(get=READ, who="signed_in"),
    "mfa_authenticate": Route(get=(302,), post=(302,), who="any"),
    "mfa_reauthenticate": Route(get=(302,), post=(302,), who="signed_in"),
    "mfa_activate_totp": Route(get=(302,), post=(302,), who="signed_in"),
    "mfa_deactivate_totp": Route(get=(302,), post=(302,), who="signed_in"),
    "mfa_view_recovery_codes": Route(get=(302,), post=(302,), who="signed_in"),
    "mfa_generate_recovery_codes": Route(get=(302,), post=(302,), who="signed_in"),
    "mfa_download_recovery_codes": Route(get=(302,), post=(302,), who="signed_in"),
    # Nobody of the world has shown their password again: led to do so.
    "email_change": Route(get=(302,), post=(302,), who="signed_in"),
    "email_change_withdraw": Route(post=(404,), who="signed_in", parts=(("change_id", "1"),)),
    # Found by an unguessable token; this one is nobody's.
    "email_change_confirm": Route(get=(404,), post=(404,), who="open", parts=(("token", "x"),)),
    "usersessions_list": Route(get=READ, post=(302,), who="signed_in"),
    "socialaccount_login_cancelled": Route(get=READ, who="any"),
    "socialaccount_login_error": Route(get=(401,), who="any"),
    "openid_connect_login": Route(who="closed", parts=(("provider_id", "product"),)),
    "openid_connect_callback": Route(who="closed", parts=(("provider_id", "product"),)),
    "account_signup": Route(who="closed"),
    "account_email": Route(who="closed"),
    "account_confirm_login_code": Route(who="closed"),
    "socialaccount_connections": Route(who="closed"),
    "socialaccount_signup": Route(who="closed"),
}

# Django's own: pages of the back office are tested with it; here, that nobody else gets in.
STAFF_NAMESPACE = "vendor"
