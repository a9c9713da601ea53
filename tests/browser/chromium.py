"""The system's own Chromium, and what it is started with."""

import os
import shutil

# Without windows it draws the same pages for two thirds of the work.
INSTALLED = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
CHROMIUM = os.environ.get("CHROMIUM") or INSTALLED
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
