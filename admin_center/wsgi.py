"""What the server calls."""

import os

from django.core.wsgi import get_wsgi_application

from admin_center.server import checks, memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
application = get_wsgi_application()
checks.demand_own_key()
memory.freeze()
