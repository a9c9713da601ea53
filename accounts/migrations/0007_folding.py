"""One folding to search and sort by, in the database as in accounts/rules/folding.py."""

import django.contrib.postgres.indexes
import django.db.models.functions.comparison
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from accounts.rules.folding import function

# The path is kept for whoever restores a dump, where none is set; the cost lets the planner take the index.
WORDS = """
    CREATE OR REPLACE FUNCTION accounts_words(value text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 SET search_path FROM CURRENT AS
    $words$ SELECT array_to_tsvector(string_to_array(accounts_folded(value), ' ')) $words$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_draft"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.RunSQL(function(), "DROP FUNCTION accounts_folded(text)"),
        migrations.RunSQL(WORDS, "DROP FUNCTION accounts_words(text)"),
        pgtrigger.migrations.RemoveTrigger(
            model_name="membership",
            name="listed_under_the_name",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="user",
            name="listed_under_the_new_name",
        ),
        migrations.RemoveIndex(
            model_name="account",
            name="account_by_name",
        ),
        migrations.RemoveIndex(
            model_name="user",
            name="user_by_name",
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    models.Func("name", function="accounts_folded"), "C"
                ),
                models.F("id"),
                name="account_by_folding",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func("name", function="accounts_words"), name="account_by_words"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    models.Func("name", function="accounts_folded", output_field=models.TextField()), "C"
                ),
                models.F("id"),
                name="user_by_folding",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func("name", function="accounts_words"), name="user_by_words"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="listed_under_the_name",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    SELECT accounts_folded(u.name || E'\\n' || u.email) INTO NEW.listed_as FROM accounts_user u WHERE u.id = NEW.user_id;\n                    RETURN NEW;\n                ",
                    hash="3475ef90320aee89f4a4699b1cfb16d1bf61400e",
                    operation="INSERT",
                    pgid="pgtrigger_listed_under_the_name_ce8df",
                    table="accounts_membership",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="user",
            trigger=pgtrigger.compiler.Trigger(
                name="listed_under_the_new_name",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    UPDATE accounts_membership SET listed_as = accounts_folded(NEW.name || E'\\n' || NEW.email) WHERE user_id = NEW.id;\n                    RETURN NULL;\n                ",
                    hash="42d39079e89598abfee8a959cd6cd217a692848c",
                    operation='UPDATE OF "name", "email"',
                    pgid="pgtrigger_listed_under_the_new_name_c422c",
                    table="accounts_user",
                    when="AFTER",
                ),
            ),
        ),
        # By the trigger above. Last: no table changes under what waits for the commit.
        migrations.RunSQL("UPDATE accounts_user SET name = name", migrations.RunSQL.noop),
    ]
