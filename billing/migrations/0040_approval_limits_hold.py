from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0039_approval_limits")]

    operations = [ValidateConstraint(model_name="changerequest", name="request_automatic_says_what")]
