"""After a cancellation nothing of the account can be reached by anybody, and no job does anything for it."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.apps import apps
from django.db.models import Model
from django.urls import reverse

from accounts import mail, ownership
from accounts.models import Account, Activity, Letter, Membership, OwnershipOffer
from accounts.rules.roles import Role
from billing import cancellation, change_requests, data_export, reconciliation, renewal
from billing.models import Cancellation, DataExport, PaymentLink, Quote
from tests import acting
from tests.sweeps import routes, world
from tests.sweeps.asking import ask
from tests.sweeps.test_bad_input import own
from tests.sweeps.world import PERSONS, World

KEY = ("S", "A")
MEMBERS = [name for name, letter in PERSONS.items() if letter]


def cancelled_world() -> World:
    """Make the world, in which the owner of one account that is full of data has just cancelled it."""
    made = world.make()
    account, owner = made.accounts[KEY], made.users["owner"]
    with acting.at(datetime.now(UTC)):  # noqa: TID251 - the program's own clock runs too
        # Something waits everywhere: an export, an offer, and letters nobody has sent.
        DataExport.objects.create(account=account, requested_by=owner, created_at=acting.now())
        heir = Membership.objects.get(account=account, role=Role.BILLING_ADMIN, changes_payment=False)
        OwnershipOffer.objects.filter(account=account).update(to=heir.user)
        sheet = cancellation.consequences(account, made.today)
        cancellation.cancel_now(
            account,
            mark=sheet.mark,
            reason="other",
            text="",
            occasion=acting.occasion(by=owner, on=made.today),
        )
    return made


@pytest.fixture
def place(db: None) -> World:
    return cancelled_world()


def rows_of(account: Account, but: Collection[type[Model]] = ()) -> list[list[dict[str, object]]]:
    """Return every row that hangs from an account, as it is, but for some models."""
    models = [one for name in ("accounts", "billing") for one in apps.get_app_config(name).get_models()]
    paths = [
        (model, path) for model in models if model not in but and (path := getattr(model, "account_path", ""))
    ]
    assert len(paths) > 10
    return [list(model.objects.filter(**{path: account.pk}).order_by("pk").values()) for model, path in paths]


@pytest.mark.breaks_invariants
def test_every_address_is_closed_to_every_member(place: World) -> None:
    open_still, tried = [], 0
    for name, route in routes.ACCOUNT.items():
        where = own(place, name, KEY)
        for method in [*(["GET", "HEAD"] if route.get else []), *(["POST"] if route.post else [])]:
            for person in MEMBERS:
                answer, tried = ask(place.clients[person], method, where), tried + 1
                if answer.response.status_code != HTTPStatus.GONE or answer.written:
                    open_still.append(f"{method} {where} as {person}: {answer.response.status_code}")
    assert tried > 300
    assert not open_still, "\n".join(open_still[:20])


@pytest.mark.breaks_invariants
def test_the_closed_page_says_why_and_whom_to_ask(place: World) -> None:
    page = place.clients["agent"].get(own(place, "home", KEY)).content.decode()
    world_owner = place.accounts[KEY].memberships.get(role="owner").user.email
    assert "Firm SA" in page
    assert world_owner in page
    assert f'action="{reverse("account_logout")}"' in page
    # The world's agent has other accounts, which are open.
    assert "Your other accounts" in page
    assert not any(amount in page for amount in world.MONEY.values())


@pytest.mark.breaks_invariants
def test_no_job_has_an_effect(transactional_db: None) -> None:
    account = cancelled_world().accounts[KEY]
    told = Letter.objects.filter(
        account=account, kind__in=["account_cancelled", "account_ended", "invoice_payable"]
    )
    told.update(sent_at=datetime.now(UTC))  # noqa: TID251
    assert not Letter.objects.filter(account=account, sent_at=None).exists()
    offer = OwnershipOffer.objects.select_related("to").get(account=account)
    for days in (0, 30, 89, 400):
        at = datetime.now(UTC) + timedelta(days=days)  # noqa: TID251
        before = rows_of(account)
        with acting.at(at):
            reconciliation.reconcile(at)
            assert renewal.renew(account.pk, occasion=acting.occasion(on=at.date(), at=at)) == []
            assert account.pk not in set(renewal.due(at.date()))
            data_export.prepare_waiting(at)
            change_requests.expire(at)
            mail.send_waiting(at)
            with pytest.raises(ownership.OfferOver):
                ownership.accept(offer.pk, occasion=acting.occasion(by=offer.to))
        assert rows_of(account) == before


# --- And back -------------------------------------------------------------------------------------

# What a cancellation and a restore leave behind: the trail, the cancellation itself, letters and their links.
TRAIL = {Activity, Cancellation, Letter, PaymentLink}


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("end_waits", [False, True])
def test_a_restore_gives_back_every_row(db: None, end_waits: bool) -> None:
    """But for quotes that were open: they are closed, and drawn up anew by whoever wants them."""
    made = world.make()
    account, owner, on = made.accounts[KEY], made.users["owner"], made.today
    with acting.at(datetime.now(UTC)):  # noqa: TID251
        if end_waits:
            mark = cancellation.consequences(account, on, at_end=True).mark
            cancellation.cancel_at_period_end(
                account, mark=mark, reason="other", text="", occasion=acting.occasion(by=owner, on=on)
            )
        Quote.objects.filter(state="open").delete()
        before = rows_of(account, but=TRAIL)
        mark = cancellation.consequences(account, on).mark
        cancellation.cancel_now(
            account, mark=mark, reason="other", text="", occasion=acting.occasion(by=owner, on=on)
        )
        assert rows_of(account, but=TRAIL) != before
        cancellation.restore(
            account.pk, reason="A mistake", occasion=acting.occasion(by=made.users["staff"], on=on)
        )
    assert rows_of(account, but=TRAIL) == before
    assert account.cancellations.filter(undone_at=None).count() == (1 if end_waits else 0)
