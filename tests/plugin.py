"""The environment of the tests, set before settings are read."""

import os
import secrets

os.environ.setdefault("TESTING", "1")
# Nothing is served with the key that everybody knows, but for the demo.
os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
# Playwright's loop runs in the test's thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
