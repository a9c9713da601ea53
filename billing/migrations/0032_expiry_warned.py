from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0031_credit_notes_and_write_offs")]

    operations = [
        migrations.AddField(
            model_name="paymentmethod",
            name="expiry_warned",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="warned of its expiry"),
        ),
    ]
