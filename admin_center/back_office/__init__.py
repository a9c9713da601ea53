"""The back office: the vendor's staff, on django.contrib.admin."""

from django.contrib.admin import AdminSite

site = AdminSite(name="vendor")
