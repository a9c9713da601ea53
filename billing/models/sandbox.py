"""The sandbox provider's own books: what a real provider would keep on its side, never ours."""

from django.db import models


class SandboxPayment(models.Model):
    """A payment as the sandbox provider knows it, by the key it was asked with."""

    key = models.CharField(max_length=80, unique=True)
    method = models.CharField(max_length=120)
    # Minor units.
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # succeeded, failed, action, processing, lost
    status = models.CharField(max_length=12)
    failure = models.CharField(max_length=40, blank=True)
    return_url = models.CharField(max_length=500, blank=True)
    token = models.CharField(max_length=40, unique=True)
    refunded = models.BigIntegerField(default=0)
    # Whether the sandbox has said by itself how it stands, after it was asked.
    repeated = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        """Return the key and how it stands."""
        return f"{self.key} {self.status}"


class SandboxRefund(models.Model):
    """A refund as the sandbox provider knows it, by the key it was asked with."""

    key = models.CharField(max_length=80, unique=True)
    payment = models.ForeignKey(SandboxPayment, models.CASCADE, related_name="refunds")
    # Minor units.
    amount = models.BigIntegerField()
    # succeeded, failed, processing, lost
    status = models.CharField(max_length=12)
    failure = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        """Return the key and how it stands."""
        return f"{self.key} {self.status}"


class SandboxSetup(models.Model):
    """A hosted page on which a customer enters a method."""

    token = models.CharField(max_length=40, unique=True)
    return_url = models.CharField(max_length=500)
    # The test method that was chosen; empty until then.
    method = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        """Return what was chosen."""
        return self.method or "open"
