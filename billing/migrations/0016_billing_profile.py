"""Adds billing profiles, and what an invoice freezes of seller and buyer.

Invoices of before keep their parties empty. Their two new checks read the whole table of invoices once.
"""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_collection_method"),
        ("billing", "0015_renewals_alone"),
    ]

    operations = [
        migrations.CreateModel(
            name="BillingProfile",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="billing_profile",
                        serialize=False,
                        to="accounts.account",
                    ),
                ),
                ("legal_name", models.CharField(blank=True, max_length=200, verbose_name="legal name")),
                (
                    "tax_id_kind",
                    models.CharField(
                        blank=True,
                        choices=[("vat", "VAT or sales tax"), ("company", "Company")],
                        max_length=10,
                        verbose_name="kind of tax number",
                    ),
                ),
                (
                    "tax_id_country",
                    models.CharField(blank=True, max_length=2, verbose_name="country of the tax number"),
                ),
                ("tax_id_number", models.CharField(blank=True, max_length=30, verbose_name="tax number")),
                (
                    "purchase_order",
                    models.CharField(blank=True, max_length=60, verbose_name="purchase order number"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="updated at"
                    ),
                ),
            ],
            options={
                "verbose_name": "billing profile",
                "verbose_name_plural": "billing profiles",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="InvoiceRecipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("fr", "Français")], max_length=2, verbose_name="language"
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice recipient",
                "verbose_name_plural": "invoice recipients",
                "ordering": ["email"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PostalAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[django.core.validators.RegexValidator("^[A-Z]{2}$")],
                        verbose_name="country",
                    ),
                ),
                (
                    "lines",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        default=list,
                        size=4,
                        verbose_name="address",
                    ),
                ),
                ("city", models.CharField(blank=True, max_length=120, verbose_name="city")),
                ("district", models.CharField(blank=True, max_length=120, verbose_name="district")),
                ("region", models.CharField(blank=True, max_length=120, verbose_name="region")),
                ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                ("sorting_code", models.CharField(blank=True, max_length=40, verbose_name="sorting code")),
            ],
            options={
                "verbose_name": "postal address",
                "verbose_name_plural": "postal addresses",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="invoice",
            name="buyer",
            field=models.JSONField(db_default={}, default=dict, verbose_name="buyer"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="due_on",
            field=models.DateField(null=True, verbose_name="due on"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="purchase_order",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=60, verbose_name="purchase order number"
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="seller",
            field=models.JSONField(db_default={}, default=dict, verbose_name="seller"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="supplied_from",
            field=models.DateField(null=True, verbose_name="supplied from"),
        ),
        migrations.AddField(
            model_name="invoice",
            name="supplied_until",
            field=models.DateField(null=True, verbose_name="supplied until"),
        ),
        migrations.AddField(
            model_name="quote",
            name="purchase_order",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=60, verbose_name="purchase order number"
            ),
        ),
        migrations.AddField(
            model_name="quote",
            name="terms_url",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=500, verbose_name="address of the terms"
            ),
        ),
        migrations.AddField(
            model_name="quote",
            name="terms_version",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=40, verbose_name="version of the terms"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("due_on__isnull", True), ("due_on__gte", models.F("issued_on")), _connector="OR"
                ),
                name="invoice_due_after_issue",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("supplied_from__isnull", True), ("supplied_until__isnull", True)),
                    ("supplied_until__gt", models.F("supplied_from")),
                    _connector="OR",
                ),
                name="invoice_supply_in_order",
            ),
        ),
        migrations.AddField(
            model_name="invoicerecipient",
            name="profile",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="recipients",
                to="billing.billingprofile",
            ),
        ),
        migrations.AddField(
            model_name="postaladdress",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"
            ),
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="bill_to",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.postaladdress",
            ),
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="sold_to",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.postaladdress",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicerecipient",
            constraint=models.UniqueConstraint(fields=("profile", "email"), name="recipient_once"),
        ),
        migrations.AddConstraint(
            model_name="invoicerecipient",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="recipient_email_in_lower_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicerecipient",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["en", "fr"])), name="recipient_language_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicerecipient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("email__regex", "[[:cntrl:]]"), _negated=True),
                    models.Q(("name__regex", "[[:cntrl:]]"), _negated=True),
                ),
                name="recipient_texts_of_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="postaladdress",
            constraint=models.UniqueConstraint(fields=("id", "account"), name="address_with_account"),
        ),
        migrations.AddConstraint(
            model_name="postaladdress",
            constraint=models.CheckConstraint(
                condition=models.Q(("country__regex", "^[A-Z]{2}$")), name="address_country_is_a_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="postaladdress",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("city__regex", "[[:cntrl:]]"), _negated=True),
                    models.Q(("district__regex", "[[:cntrl:]]"), _negated=True),
                    models.Q(("region__regex", "[[:cntrl:]]"), _negated=True),
                    models.Q(("postal_code__regex", "[[:cntrl:]]"), _negated=True),
                    models.Q(("sorting_code__regex", "[[:cntrl:]]"), _negated=True),
                ),
                name="address_texts_of_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="postaladdress",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.Regex(
                        models.Func(
                            "lines",
                            models.Value("|"),
                            function="array_to_string",
                            output_field=models.TextField(),
                        ),
                        "[[:cntrl:]]",
                    ),
                    _negated=True,
                ),
                name="address_lines_are_lines",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("bill_to__isnull", True),
                    models.Q(
                        ("sold_to__isnull", False), models.Q(("bill_to", models.F("sold_to")), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="profile_bill_to_beside_sold_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("tax_id_country", ""), ("tax_id_kind", ""), ("tax_id_number", "")),
                    models.Q(
                        ("tax_id_country__regex", "^[A-Z]{2}$"),
                        ("tax_id_kind__in", ["vat", "company"]),
                        ("tax_id_number__regex", "^[0-9A-Za-z+*&Ññ./-]+$"),
                    ),
                    _connector="OR",
                ),
                name="profile_tax_id_whole_or_none",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("legal_name__regex", "[[:cntrl:]]"), _negated=True),
                    models.Q(("purchase_order__regex", "[[:cntrl:]]"), _negated=True),
                ),
                name="profile_texts_of_one_line",
            ),
        ),
        # A profile has its own account's addresses.
        *(
            migrations.RunSQL(
                f"ALTER TABLE billing_billingprofile ADD CONSTRAINT billing_billingprofile_{use}_and_account_key"
                f" FOREIGN KEY ({use}_id, account_id) REFERENCES billing_postaladdress (id, account_id)"
                " DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE billing_billingprofile DROP CONSTRAINT billing_billingprofile_{use}_and_account_key",
            )
            for use in ("sold_to", "bill_to")
        ),
    ]
