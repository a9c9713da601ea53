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
    "SELLER_NAME": "Northwind Desk SAS",
    "SELLER_COUNTRY": "FR",
    "SELLER_ADDRESS": "12 rue des Exemples|Bâtiment B",
    "SELLER_CITY": "Toulouse",
    "SELLER_POSTAL_CODE": "31000",
    "SELLER_VAT_NUMBERS": "FR:34999888779",
    "SELLER_COMPANY_NUMBERS": "FR:999 888 779",
    "SELLER_IBAN": "FR14 2004 1010 0505 0001 3M02 606",
    "SELLER_TERMS_URL": "https://vendor.example/terms",
    "SELLER_TERMS_VERSION": "2026-09",
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
