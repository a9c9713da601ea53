"""`manage.py make_staff`: the first of the vendor's staff, and every other."""

from argparse import ArgumentParser
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse

from accounts import staff
from accounts.models import User
from admin_center.navigation import back_office_address
from admin_center.sign_in.adapters import at_origin


class Command(BaseCommand):
    """Let a person into the back office, and print the link by which they choose their password."""

    help = "Make a person one of the vendor's staff; prints the link by which they choose a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="their e-mail address")
        parser.add_argument("name", nargs="?", default="", help="their name, for somebody new")
        parser.add_argument("--remove", action="store_true", help="take the back office from them")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as fault:
            raise CommandError(f"{email} is no e-mail address.") from fault
        if options["remove"]:
            self._remove(email)
            return
        person = staff.appoint(email, options["name"])
        self.stdout.write(f"{person.name} <{person.email}> is of the vendor's staff: {back_office_address()}")
        if not person.has_usable_password():
            self.stdout.write(f"They choose their password here (once, within three days):\n{_link(person)}")

    def _remove(self, email: str) -> None:
        try:
            staff.dismiss(email)
        except User.DoesNotExist as fault:
            raise CommandError(f"{email} is not of the vendor's staff.") from fault
        self.stdout.write(f"{email} is no longer of the vendor's staff.")


def _link(person: User) -> str:
    parts = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
    return at_origin(reverse("account_reset_password_from_key", kwargs=parts))
