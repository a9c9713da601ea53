from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0035_catalogue_version")]

    operations = [
        migrations.AddField(
            model_name="temporaryseats",
            name="start_told",
            field=models.BooleanField(db_default=False, default=False, verbose_name="told of the start"),
        ),
        migrations.AddField(
            model_name="temporaryseats",
            name="end_warned",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="warned of the end, days before"),
        ),
        migrations.AddField(
            model_name="temporaryseats",
            name="is_over",
            field=models.BooleanField(db_default=False, default=False, verbose_name="over"),
        ),
    ]
