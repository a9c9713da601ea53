"""What a process has read of the catalogue it keeps until that changes; every process sees a change."""

import os
import re
import subprocess
import sys
from datetime import date

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from billing.models import CatalogueVersion, Edition, Product, TaxRate
from billing.storage import loading
from billing.storage.sql import CATALOGUES
from tests import shop, taxed

DAY = date(2026, 1, 1)


@pytest.fixture
def subscribed(acme: Account) -> Account:
    """Acme has ten seats of Support."""
    shop.subscribe(acme, {"support": ("team", 10, "12.00")}, start=DAY)
    return acme


def support(account: Account) -> str:
    """Return what Support is called for an account."""
    reading = loading.read(account, DAY)
    assert reading is not None
    return reading.names["support"]


def statements(account: Account) -> int:
    """Return how many statements one reading takes."""
    with CaptureQueriesContext(connection) as queries:
        loading.read(account, DAY)
    return len(queries)


def test_every_table_that_is_read_tells_of_its_changes(db: None) -> None:
    """A table that came to the statement without the trigger would be remembered for ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'new_catalogue_version'"
        )
        telling = {name for (name,) in cursor.fetchall()}
    assert telling == set(re.findall(r"\bbilling_\w+", CATALOGUES)) - {"billing_catalogueversion"}


def test_it_is_read_once_for_each_version(subscribed: Account) -> None:
    assert [statements(subscribed) for _time in range(3)] == [2, 1, 1]
    Product.objects.filter(key="support").update(name="Helpdesk")
    assert [statements(subscribed), statements(subscribed)] == [2, 1]
    assert support(subscribed) == "Helpdesk"


def test_an_offer_is_read_once_too(subscribed: Account) -> None:
    """Who asks for the products alone would otherwise parse a list of five hundred each time."""
    where = Product.objects.filter(key="support").values_list("catalogue", flat=True).get()
    offered = loading.catalogue(where, subscribed.currency)
    assert loading.catalogue(where, subscribed.currency) is offered
    Product.objects.filter(key="support").update(minimum=3)
    assert loading.catalogue(where, subscribed.currency)["support"].minimum == 3


def test_each_sort_of_change_is_seen(subscribed: Account) -> None:
    """Words of the catalogue, an edition, what a Suite includes, a rate of tax."""
    taxed.rates()
    taxed.place(subscribed, "FR")
    before = loading.read(subscribed, DAY)
    assert before is not None
    assert ("talk" in before.facts.catalogue["suite"].includes, len(before.facts.taxation.rates)) == (True, 1)
    Product.objects.get(key="suite").includes.remove(Product.objects.get(key="talk"))
    Edition.objects.filter(product__key="support", key="team").update(name="Crew")
    TaxRate.objects.create(country="FR", name="TVA", percent="21", in_force_from=date(2030, 1, 1))
    after = loading.read(subscribed, DAY)
    assert after is not None
    assert "talk" not in after.facts.catalogue["suite"].includes
    assert after.names["support", "team"] == "Crew"
    assert [rate.percent for rate in after.facts.taxation.rates] == [20, 21]


def test_what_is_undone_was_never_kept(subscribed: Account) -> None:
    before = support(subscribed)
    with transaction.atomic():
        Product.objects.filter(key="support").update(name="Helpdesk")
        assert support(subscribed) == "Helpdesk"
        transaction.set_rollback(True)
    assert support(subscribed) == before == "Support"


def test_where_no_version_is_known_nothing_is_kept(subscribed: Account) -> None:
    CatalogueVersion.objects.all().delete()
    assert [statements(subscribed), statements(subscribed)] == [2, 2]
    Product.objects.filter(key="support").update(name="Helpdesk")
    assert [statements(subscribed), statements(subscribed), support(subscribed)] == [2, 1, "Helpdesk"]


OTHER_PROCESS = """
import sys
import django
django.setup()
from accounts.models import Account
from tests.billing.test_catalogue_version import statements, support
for _line in sys.stdin:
    account = Account.objects.get()
    print(statements(account), support(account), flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_another_process_sees_it_at_its_next_statement(subscribed: Account) -> None:
    environment = os.environ | {"DATABASE_NAME": str(connection.settings_dict["NAME"])}
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS],
        cwd=settings.BASE_DIR, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None

        def asked() -> str:
            other.stdin.write("\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        assert [asked(), asked()] == ["2 Support", "1 Support"]
        with transaction.atomic():
            Product.objects.filter(key="support").update(name="Helpdesk")
            assert asked() == "1 Support"
        assert [asked(), asked()] == ["2 Helpdesk", "1 Helpdesk"]
        other.stdin.close()
