"""What the server calls."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from admin_center.server import checks, memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin_center.settings")
application = get_wsgi_application()
checks.demand_own_key()
# To read all migrations takes longer than a balancer waits; what does it knows models, loaded only now.
import_module("admin_center.server.readiness").expected_migrations()
memory.freeze()
