"""The settings of production, with one page more; SECRET_KEY comes from whoever measures."""

from admin_center.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
