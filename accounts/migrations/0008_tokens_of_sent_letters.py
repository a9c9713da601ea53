"""Forgets the tokens of letters that were sent: only a mailbox may know them."""

from typing import ClassVar

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

FORGET = """
    UPDATE accounts_letter SET facts = jsonb_set(facts, '{token}', '"…"')
    WHERE sent_at IS NOT NULL AND facts ? 'token'
"""


def forget(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put an ellipsis in the place of each token; the demo has no mailboxes and keeps them."""
    if not settings.DEMO:
        schema_editor.execute(FORGET)


class Migration(migrations.Migration):
    """Forgets them; what is forgotten doesn't come back."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0007_folding")]

    operations: ClassVar[list[migrations.RunPython]] = [
        migrations.RunPython(forget, migrations.RunPython.noop)
    ]
