"""The environment of the tests, set before settings are read."""

import os
import secrets
import sys
from pathlib import Path

# Where the environment forbids to keep what was compiled, it is kept aside: each worker, and each of the
# processes that tests start, would compile everything anew.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).resolve().parents[1] / ".data" / "compiled")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
os.environ.setdefault("TESTING", "1")
# Nothing is served with the key that everybody knows, but for the demo.
os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
# Playwright's loop runs in the test's thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
