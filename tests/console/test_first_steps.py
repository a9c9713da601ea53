"""The first steps of who runs the console: what is missing is said, and the first of the staff gets in."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account, User
from tests import people, taxed


def made(*words: str) -> str:
    told = io.StringIO()
    call_command("make_staff", *words, stdout=told)
    return told.getvalue()


def test_a_server_that_is_not_prepared_says_what_to_run(db: None) -> None:
    """It used to start, and to answer 500 on every page."""
    environment = os.environ | {"DATABASE_NAME": "postgres"}
    server = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0", "--without-worker"],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert server.returncode == 1
    assert "run `manage.py prepare` first, or serve with --prepare" in server.stderr
    assert "Traceback" not in server.stderr


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["prepare"], ["make_staff", "v@vendor.example"]]
)
def test_a_command_without_its_database_says_so(tmp_path: Path, command: list[str]) -> None:
    environment = os.environ | {"DATABASE_URL": f"postgres:///nowhere?host={tmp_path}"}
    server = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert server.returncode == 1
    assert "The database can't be reached" in server.stderr
    assert "Traceback" not in server.stderr


def test_a_servers_processes_begin_before_the_models_are_there() -> None:
    """Each imports the command that started it, and only then sets Django up."""
    started = subprocess.run(
        [sys.executable, "-c", "import admin_center.management.commands.serve"],
        cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert started.returncode == 0, started.stderr


def test_prepare_says_that_no_tax_is_charged_until_rates_are_loaded(db: None) -> None:
    told = io.StringIO()
    call_command("prepare", stdout=told)
    assert "No tax rates are loaded for FR, where the seller is: no tax is charged." in told.getvalue()
    taxed.rates()
    told = io.StringIO()
    call_command("prepare", stdout=told)
    assert told.getvalue() == ""


def test_the_first_of_the_staff_chooses_a_password_and_lands_in_the_back_office(db: None) -> None:
    """Vera is made by one command; the link that it prints is all that she needs."""
    told = made("Vera@vendor.example", "Vera Vance")
    assert "Vera Vance <vera@vendor.example> is of the vendor's staff: http://localhost:8000/vendor/" in told
    (link,) = re.findall(r"http://localhost:8000(/sign-in/password/reset/key/\S+)", told)
    client = Client()
    form = client.get(link, follow=True)
    password = "a lantern over the harbour"
    client.post(form.redirect_chain[-1][0], {"password1": password, "password2": password})
    assert User.objects.get(email="vera@vendor.example").check_password(password)
    client.force_login(User.objects.get(email="vera@vendor.example"))
    landed = client.get("/", follow=True)
    assert landed.redirect_chain == [("/vendor/", 302)]


def test_who_is_known_keeps_their_password_and_their_accounts(acme: Account) -> None:
    """Adam of Acme is taken on by the vendor: both places are his, and he is asked which."""
    told = made("adam@acme.example")
    assert "password" not in told
    client = Client()
    client.force_login(people.user("adam"))
    page = client.get("/").content.decode()
    assert "/a/acme/" in page
    assert "/vendor/" in page
    made("adam@acme.example", "--remove")
    client.force_login(people.user("adam"))
    assert client.get("/")["Location"] == "/a/acme/"
    assert client.get("/vendor/").status_code == 404


@pytest.mark.parametrize(
    ("words", "why"),
    [(["vera"], "vera is no e-mail address."), (["adam@acme.example", "--remove"], "is not of the vendor's")],
)
def test_what_can_not_be_done_is_said(acme: Account, words: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        made(*words)


def test_the_back_office_on_its_own_host_is_where_staff_are_sent(db: None, settings: object) -> None:
    settings.VENDOR_HOST = "office.example"  # type: ignore[attr-defined]
    made("vera@vendor.example")
    client = Client()
    client.force_login(User.objects.get(email="vera@vendor.example"))
    assert client.get("/")["Location"] == "http://office.example/vendor/"
