"""Every role × type × standing × action against a table written by hand from domain.md 3 and 5.

The table below is not made from the code: it says per action who may (by role), for which types of
account, and in which standings. Each of its 4,263 cells is compared with the gate's decision: whether,
why not, who can, and the next step.

    roles      L light agent · A agent · F finance reader · D administrator · B billing admin
               P billing admin to whom payment details are delegated · O owner
    types      S self-service · A online-assisted · M managed
    standings  T trial · E trial that is over · A active · P past due · S suspended
               V suspended by the vendor's staff: open is what S opens   (cancelled: nothing)
"""

import pytest

from accounts.rules.capabilities import AccountType, Standing
from accounts.rules.decision import Action, Contact, Decision, DenialReason, NextStep, decide
from accounts.rules.roles import Permission, Role, permissions

TABLE = """
enter                 LAFDBPO SAM  TEAPS
see_costs             DBPO    S    TEAPS
view_subscription     DBPO    SAM  TAP
view_contacts         DBPO    SAM  TEAPS
view_people           DBPO    SAM  TAP
view_activity         DBPO    SAM  TAP
request_change        DBPO    SAM  TEAP
change_subscription   BPO     SA   TEAP
add_seats             BPO     SA   TEAP
buy_products          BPO     SA   TEAP
upgrade_edition       BPO     SA   TEAP
reduce                BPO     S    TAP
change_cycle          BPO     S    TAP
extend                BPO     S    TAP
temporary_seats       BPO     S    TAP
undo_change           BPO     S    TAP
decide_requests       BPO     SA   TEAP
set_limits            O       S    TAP
view_payment          FBPO    S    TEAPS
change_payment        PO      S    TEAPS
choose_recipients     BPO     S    TEAPS
view_invoices         FBPO    S    TAPS
pay_invoice           BPO     S    TAPS
manage_people         BPO     SAM  TAP
manage_people         BPO     SAM  TAP
manage_roles          O       SAM  TAP
transfer_ownership    O       SAM  TAP
cancel_product        O       S    TAPS
cancel_account        O       S    TAPS
export_data           O       SAM  TEAPS
"""
# Where it can't be done directly, whoever may ask may ask for these (domain.md 3, last paragraph).
MAY_BE_ASKED_FOR = {
    "change_subscription",
    "add_seats",
    "buy_products",
    "upgrade_edition",
    "reduce",
    "change_cycle",
    "extend",
    "temporary_seats",
}
WHO = {
    "DBPO": (Contact.OWNER, Contact.BILLING_ADMIN, Contact.ADMIN),
    "BPO": (Contact.OWNER, Contact.BILLING_ADMIN),
    # A finance reader only reads: whoever needs an invoice asks who can act on it.
    "FBPO": (Contact.OWNER, Contact.BILLING_ADMIN),
    # A billing admin only if the owner delegated it to them: so the owner is who can.
    "PO": (Contact.OWNER,),
    "O": (Contact.OWNER,),
}
ROLES = {
    "L": permissions(Role.LIGHT_AGENT),
    "A": permissions(Role.AGENT),
    "F": permissions(Role.FINANCE_READER),
    "D": permissions(Role.ADMIN),
    "B": permissions(Role.BILLING_ADMIN),
    "P": permissions(Role.BILLING_ADMIN, changes_payment=True),
    "O": permissions(Role.OWNER),
}
TYPES = {"S": AccountType.SELF_SERVICE, "A": AccountType.ASSISTED, "M": AccountType.MANAGED}
STANDINGS = {
    "T": Standing.TRIAL,
    "E": Standing.TRIAL_ENDED,
    "A": Standing.ACTIVE,
    "P": Standing.PAST_DUE,
    "S": Standing.SUSPENDED,
    "V": Standing.SUSPENDED_BY_VENDOR,
    "C": Standing.CANCELLED,
}
ROWS = {cells[0]: cells[1:] for line in TABLE.strip().splitlines() if (cells := line.split())}

Answer = tuple[bool, DenialReason, tuple[Contact, ...], NextStep]
VENDOR = (Contact.VENDOR_CONTACT,)


def expected(action: str, role: str, kind: str, standing: str) -> Answer:
    """Say in the table's letters what the gate must answer."""
    roles, types, standings = ROWS[action]
    asks = action in MAY_BE_ASKED_FOR and role in "DBPO" and standing in "TEAP"
    if standing == "C":
        return False, DenialReason.CANCELLED, VENDOR, NextStep.CONTACT_VENDOR
    if kind not in types:
        step = NextStep.REQUEST_CHANGE if asks else NextStep.CONTACT_VENDOR
        return False, DenialReason.ACCOUNT_TYPE, VENDOR, step
    if standing.replace("V", "S") not in standings:
        return way_back(role, kind, standing)
    if role not in roles:
        step = NextStep.REQUEST_CHANGE if asks else NextStep.ASK_WHO_CAN
        return False, DenialReason.ROLE, WHO[roles], step
    return True, DenialReason.ALLOWED, (), NextStep.NONE


def way_back(role: str, kind: str, standing: str) -> Answer:
    """A trial that is over: someone buys. Suspended: someone pays. Where neither is theirs: who can.

    What the vendor's staff suspended, they alone open.
    """
    if standing == "V":
        return False, DenialReason.SUSPENDED_BY_VENDOR, VENDOR, NextStep.CONTACT_VENDOR
    if standing == "E":
        reason, helps, types = DenialReason.TRIAL_ENDED, NextStep.BUY, "SA"
    else:
        reason, helps, types = DenialReason.SUSPENDED, NextStep.PAY_INVOICE, "S"
    asks = standing == "E" and role in "DBPO"
    if kind not in types:
        return False, reason, VENDOR, NextStep.REQUEST_CHANGE if asks else NextStep.CONTACT_VENDOR
    if role not in "BPO":
        return False, reason, WHO["BPO"], NextStep.REQUEST_CHANGE if asks else NextStep.ASK_WHO_CAN
    return False, reason, (), helps


def test_every_action_has_a_row() -> None:
    missing = {action.value for action in Action} ^ set(ROWS)
    assert not missing, (
        f"{sorted(missing)}: every action of accounts/rules/decision.py has one row in this table, "
        "written from domain.md, not from the code"
    )


@pytest.mark.parametrize("action", Action)
def test_the_gate_answers_as_the_domain_says(action: Action) -> None:
    wrong = []
    for role, held in ROLES.items():
        for kind, account_type in TYPES.items():
            for letter, standing in STANDINGS.items():
                got = decide(action, held=held, account_type=account_type, standing=standing)
                answer = (got.allowed, got.reason, got.who_can, got.next_step)
                if answer != expected(action.value, role, kind, letter):
                    wrong.append((role, kind, letter, answer, expected(action.value, role, kind, letter)))
    assert not wrong, (
        f"{action}: {len(wrong)} cells differ, e.g. (role, type, standing, got, wanted) {wrong[0]}"
    )


def test_no_refusal_is_bare() -> None:
    """A no names who can, or a step that this very person can take; a yes names nobody."""
    for action in Action:
        for held in ROLES.values():
            for account_type in AccountType:
                for standing in Standing:
                    got = decide(action, held=held, account_type=account_type, standing=standing)
                    assert bool(got.who_can or got.next_step) != got.allowed, (action, standing, got)


def test_a_step_that_is_proposed_can_be_taken() -> None:
    """Nobody is sent to ask, buy or pay where that door is closed too."""
    leads = {
        NextStep.REQUEST_CHANGE: Action.REQUEST_CHANGE,
        NextStep.BUY: Action.CHANGE_SUBSCRIPTION,
        NextStep.PAY_INVOICE: Action.PAY_INVOICE,
    }
    for action in Action:
        for held in ROLES.values():
            for account_type in AccountType:
                for standing in Standing:
                    step = decide(action, held=held, account_type=account_type, standing=standing).next_step
                    if step in leads:
                        assert may(leads[step], held, account_type, standing), (action, step, standing)


def may(
    action: Action, held: frozenset[Permission], account_type: AccountType, standing: Standing
) -> Decision:
    return decide(action, held=held, account_type=account_type, standing=standing)


@pytest.mark.parametrize("action", Action)
def test_where_nothing_opens_it_again_only_the_vendor_can_help(action: Action) -> None:
    """No invoice to pay, nothing on sale: what a standing closes says so, and leads to the vendor."""
    wrong = []
    for role, held in ROLES.items():
        for kind, account_type in TYPES.items():
            for letter, standing in STANDINGS.items():
                got = decide(
                    action, held=held, account_type=account_type, standing=standing, way_out=lambda: False
                )
                answer = (got.allowed, got.reason, got.who_can, got.next_step)
                right = expected(action.value, role, kind, letter)
                if right[1] in (DenialReason.TRIAL_ENDED, DenialReason.SUSPENDED):
                    reason = DenialReason.NOTHING_ON_SALE if letter == "E" else DenialReason.OLD_DEBT
                    right = (False, reason, VENDOR, NextStep.CONTACT_VENDOR)
                if answer != right:
                    wrong.append((role, kind, letter, answer, right))
    assert not wrong, f"{action}: {len(wrong)} cells differ, e.g. {wrong[0]}"
