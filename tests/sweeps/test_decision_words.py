"""What a person reads in each cell of the table of decisions, in both languages, written by hand.

`test_decisions` says what the gate answers; here stands what the page makes of it: why not, who can
(named, with a mail ready to be written), and the next step. No cell leaves a person with a bare no.
"""

import html
import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from accounts.models import Account, User
from accounts.rules.decision import Action, Contact, Decision, DenialReason, NextStep
from tests.sweeps.test_decisions import ROLES, STANDINGS, TYPES, expected

# What follows "can" and « peut ».
ACTS = """
enter               | open the Admin Center                  | ouvrir le Centre d’administration
see_costs           | see what the subscription costs        | voir ce que coûte l’abonnement
view_subscription   | see the subscription                   | consulter l’abonnement
view_contacts       | see the billing contacts               | consulter les contacts de facturation
view_people | see the team members and their seats \
| consulter les membres de l’équipe et leurs licences
view_activity       | see the activity                       | consulter l’activité
request_change      | request a change                       | demander une modification
change_subscription | change the subscription                | modifier l’abonnement
add_seats           | add seats                              | ajouter des licences
buy_products        | buy products                           | acheter des produits
upgrade_edition     | upgrade an edition                     | passer à une édition supérieure
change_cycle        | change the billing cycle               | changer le cycle de facturation
extend              | extend the subscription                | prolonger l’abonnement
temporary_seats     | add temporary seats                    | ajouter des licences temporaires
undo_change         | undo a scheduled change                | annuler une modification planifiée
decide_requests     | decide change requests                 | traiter les demandes de modification
set_limits | set the limits for change requests \
| fixer les limites des demandes de modification
view_payment        | see the payment details                | consulter les informations de paiement
change_payment      | change the payment details             | modifier les informations de paiement
choose_recipients   | choose who gets the invoices           | choisir qui reçoit les factures
view_invoices       | see the invoices                       | consulter les factures
pay_invoice         | pay the invoices                       | payer les factures
manage_people       | invite and remove team members         | inviter et retirer des membres de l’équipe
manage_roles        | give and take roles                    | attribuer et retirer des rôles
transfer_ownership  | transfer the ownership                 | transférer la propriété du compte
export_data         | export the account’s data              | exporter les données du compte
cancel_product      | cancel a product                       | résilier un produit
cancel_account      | cancel the account                     | résilier le compte
reduce | reduce seats, downgrade or remove a product \
| réduire les licences, passer à une édition inférieure ou retirer un produit
"""
LANGUAGES = ("en", "fr")
OWNER, DECIDERS = (Contact.OWNER,), (Contact.OWNER, Contact.BILLING_ADMIN)
ADMINS = (Contact.OWNER, Contact.BILLING_ADMIN, Contact.ADMIN)
ONLY = {
    OWNER: ("Only the account owner can", "Seul le propriétaire du compte peut"),
    DECIDERS: (
        "Only the account owner and billing admins can",
        "Seuls le propriétaire du compte et les administrateurs de la facturation peuvent",
    ),
    ADMINS: (
        "Only the account owner, billing admins and administrators can",
        "Seuls le propriétaire du compte, les administrateurs de la facturation et les administrateurs"
        " peuvent",
    ),
}
TYPE = {
    "S": ("self-service", "en self-service"),
    "A": ("online-assisted", "assistés en ligne"),
    "M": ("managed", "gérés"),
}
STATE = {
    DenialReason.TRIAL_ENDED: (
        "The trial has ended. Everything opens again as soon as something is bought.",
        "La période d’essai est terminée. Tout s’ouvre de nouveau dès le premier achat.",
    ),
    DenialReason.SUSPENDED: (
        "The account is suspended: an invoice is unpaid. It opens again as soon as it is paid.",
        "Le compte est suspendu : une facture est impayée. Il s’ouvre de nouveau dès qu’elle est réglée.",
    ),
    DenialReason.SUSPENDED_BY_VENDOR: (
        f"{settings.VENDOR_NAME} has suspended the account. Your contact tells you why, and what opens it"
        " again.",
        f"{settings.VENDOR_NAME} a suspendu le compte. Votre interlocuteur vous dira pourquoi, et ce qui"
        " permet de le rouvrir.",
    ),
    DenialReason.CANCELLED: ("The account was cancelled.", "Le compte a été résilié."),
}
STEP = {
    NextStep.REQUEST_CHANGE: ("Request a change", "Demander une modification"),
    NextStep.BUY: ("Choose what to buy", "Choisir quoi acheter"),
    NextStep.PAY_INVOICE: ("See what is owed", "Voir ce qui est dû"),
}
CAN = ("Who can: Olivia Owens", "Qui peut le faire : Olivia Owens")
ASK = ("Who to contact: Nadia Nilsson +1 555 0100", "À qui s’adresser : Nadia Nilsson +1 555 0100")
ROWS = {
    action.strip(): (english.strip(), french.strip())
    for action, english, french in (line.split("|") for line in ACTS.strip().splitlines())
}


def told(
    action: str, kind: str, reason: DenialReason, who: tuple[Contact, ...], step: NextStep, at: int
) -> str:
    """Say by the tables above what stands on the page; `at` is 0 in English, 1 in French."""
    act = ROWS[action][at]
    if reason is DenialReason.ROLE:
        why = f"{ONLY[who][at]} {act}."
    elif reason is DenialReason.ACCOUNT_TYPE:
        vendor, of_type = settings.VENDOR_NAME, TYPE[kind][at]
        why = (
            f"On {of_type} accounts, only {vendor}’s staff can {act}.",
            f"Sur les comptes {of_type}, seule l’équipe {vendor} peut {act}.",
        )[at]
    else:
        why = STATE[reason][at]
    parts = [why]
    if Contact.VENDOR_CONTACT in who:
        parts.append(ASK[at])
    elif who:
        parts.append(CAN[at])
    if step in STEP:
        parts.append(STEP[step][at])
    return " ".join(parts)


def page(decision: Decision, kind: str) -> str:
    """Return what the refusal says to a person of an account of this type."""
    olivia = SimpleNamespace(user=User(name="Olivia Owens", email="olivia@acme.example"))
    account = Account(
        slug="acme", name="Acme", type=TYPES[kind].value, vendor_contact_name="Nadia Nilsson",
        vendor_contact_email="nadia@vendor.example", vendor_contact_phone="+1 555 0100",
    )  # fmt: skip
    named = [olivia] if Contact.OWNER in decision.who_can else []
    context = {
        "request": SimpleNamespace(account=account),
        "frame": SimpleNamespace(who_can=lambda _decision: named),
        "decision": decision,
    }
    shown = Template("{% load ui %}{% refusal decision %}").render(Context(context))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("action", Action)
def test_every_cell_says_why_who_can_and_what_next(action: Action, language: str) -> None:
    cells = {
        (kind, *expected(action.value, role, kind, standing))
        for role in ROLES
        for kind in TYPES
        for standing in STANDINGS
    }
    with translation.override(language):
        for kind, allowed, reason, who, step in cells:
            if allowed:
                continue
            seen = page(Decision(action, allowed, reason, who, step), kind)
            assert seen == told(action.value, kind, reason, who, step, LANGUAGES.index(language))
