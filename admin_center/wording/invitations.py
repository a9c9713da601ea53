"""Why somebody is not invited, in a sentence, by the code of the refusal."""

from django.utils.translation import gettext_lazy as _

WHY_NOT = {
    "malformed": _("This is not an e-mail address."),
    "member": _("Somebody with this address is a member already."),
    "invited": _("This address is invited already. Revoke that invitation to send a new one."),
    "role": _("Nobody is invited as the owner."),
    "duplicate": _("This address is in the list twice."),
    "budget": _("Your company has reached its daily limit of invitations."),
    "not_allowed": _("Whoever wanted to invite them no longer manages people here."),
}
