"""The vendor's staff: who is let into the back office."""

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import roles
from accounts.models import User


def demand(by: User, reason: str) -> None:
    """Let only active staff of the vendor go on, and only with a reason, which the owner may read.

    Raises PermissionDenied, and ValueError where no reason is given.
    """
    if not (by.is_active and by.is_staff):
        raise PermissionDenied
    if not reason.strip():
        raise ValueError("say why")


@transaction.atomic
def appoint(email: str, name: str = "") -> User:
    """Make the person of this address one of the vendor's staff, and return them.

    Who is not known is made: with a verified address, because whoever appoints them vouches for it,
    and without a password, which they set by the link of a reset. `name` is for them alone.
    """
    email = email.strip().lower()
    person = User.objects.select_for_update().filter(email=email).first()
    if person is None:
        person = User.objects.create_user(email, name=name or email.partition("@")[0])
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    person.is_staff = person.is_active = True
    person.save(update_fields=["is_staff", "is_active"])
    for member in person.memberships.select_related("account", "user"):
        roles.derive(member)
    return person


@transaction.atomic
def dismiss(email: str) -> User:
    """Take the back office from a person, and return them; what they are in accounts stays.

    Raises User.DoesNotExist.
    """
    person = User.objects.select_for_update().get(email=email.strip().lower(), is_staff=True)
    person.is_staff = False
    person.save(update_fields=["is_staff"])
    return person
