"""The one rule of e-mail addresses: whatever is kept as one can be written into a letter's header."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST = 254
UNWRITABLE = _("Mail can’t be sent to this address: check what follows the @.")


def validate_address(value: Any) -> None:
    """Raise ValidationError unless a letter can be addressed to this.

    Django asks for the look of an address alone: `o@א1.example` looks like one, but no IDNA name is
    made of it, and the letter would fail when it is written.
    """
    validate_email(value)
    if not can_be_written(str(value)):
        raise ValidationError(UNWRITABLE, "unwritable")


def can_be_written(address: str) -> bool:
    """Tell whether a mail's header can hold the address."""
    try:
        written = sanitize_address(address, "utf-8")
    except (UnicodeError, ValueError, IndexError):
        return False
    return written.isascii() and len(written) <= LONGEST and all(written.partition("@"))


def install() -> None:
    """Let every field of an address ask this rule, those of other apps and the back office too."""
    forms.EmailField.default_validators = [validate_address]
    models.EmailField.default_validators = [validate_address]
