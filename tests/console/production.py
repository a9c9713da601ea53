"""An environment in which production starts, and starting it."""

import subprocess
import sys

from admin_center.server.database import ROOT

PRODUCTION = {
    "SECRET_KEY": "kJ8d0s9fj2k3lq-wert-zu1op-yxcvb-nm2345-67890-QWERTZ-uiop",
    "ORIGIN": "https://console.vendor.example",
    "ALLOWED_HOSTS": "console.vendor.example",
    "EMAIL_URL": "smtp+tls://mail.vendor.example:587",
    "PAYMENT_PROVIDER": "tests.providers.Unreachable",
}


def start(
    code: str, *, arguments: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run code in this environment and no other; with `arguments`, a command of manage.py instead."""
    return subprocess.run(
        [sys.executable, *((f"{ROOT}/manage.py", *arguments) if arguments else ("-c", code))],
        env={"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "admin_center.settings", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
