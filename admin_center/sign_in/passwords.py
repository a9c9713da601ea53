"""What a password may not be: the words that everybody here would try first."""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Account, User

# They stand in this project for everybody to read: the demo's.
KNOWN = ("open sesame demo",)
SHORTEST_WORD = 3
# What must be left of a password when the words of its context are taken out.
SHORTEST_REST = 6
APART = re.compile(r"[\W_]+")


def is_known(password: str) -> bool:
    """Return whether production must take this password from nobody, not even from who set it before."""
    return password in KNOWN and not (settings.DEMO or settings.TESTING)


class WordsOfTheContext:
    """Refuses a password that is little more than the company's, the vendor's or the person's own words."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError where too little is left without those words."""
        if password in KNOWN:
            raise ValidationError(_("This password is published: everybody can read it."), code="known")
        rest = APART.sub("", password.casefold())
        for word in sorted(_words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if len(rest.strip("0123456789")) < SHORTEST_REST:
            raise ValidationError(
                _(
                    "The password is little more than names that belong to you, your company or %(vendor)s: "
                    "others would try them first. Add words that have nothing to do with them."
                )
                % {"vendor": settings.VENDOR_NAME},
                code="context",
            )

    def get_help_text(self) -> str:
        """Return what is asked."""
        return _(
            "Your password can’t be made of your name, your address, or the names of your company and ours."
        )


def _words(user: User | None) -> set[str]:
    """Return the words of this person's context, each without what stands between letters."""
    texts = [settings.VENDOR_NAME, "admin center", "password", "mot de passe"]
    if user is not None:
        texts += [user.name, *re.split(r"[@.]", user.email), *getattr(user, "joins", ())]
        if user.pk:
            names = Account.objects.filter(memberships__user=user).values_list("name", "slug")
            texts += [text for pair in names for text in pair]
    words = {APART.sub("", text.casefold()) for text in texts}
    words |= {word for text in texts for word in APART.split(text.casefold())}
    return {word for word in words if len(word) >= SHORTEST_WORD and not word.isdecimal()}
