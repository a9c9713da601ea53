"""All settings, from the environment, with safe defaults.

`DEMO=1` is what `make run` sets: a demo on this machine. Anything else counts as production and
refuses to start with the default secret key.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from admin_center.server import database, deployment, logs, refund_limits, seller

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Which kind of place this is ---------------------------------------------------------------
DEMO = env.bool("DEMO", default=False)
TESTING = env.bool("TESTING", default=False)
DEBUG = env.bool("DEBUG", default=False)

SECRET_KEY = env("SECRET_KEY", default=deployment.KNOWN_KEYS[0])
# Keys of before: what they signed and encrypted is still read, and written anew with SECRET_KEY.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Where links in mails lead: never taken from a request.
ORIGIN = env("ORIGIN", default=f"http://localhost:{env('PORT', default='8000')}")
# Over plain http only on this machine.
SECURE = ORIGIN.startswith("https://")
VENDOR_NAME = env("VENDOR_NAME", default="Northwind Desk")
# Who sells, as documents name it: frozen with each that is issued.
SELLER = seller.from_environment(env, name=VENDOR_NAME, demo=DEMO or TESTING)
# Folders with more fonts for documents, for writings that the fonts of the house do not have.
DOCUMENT_FONTS = env.list("DOCUMENT_FONTS", default=[])
# The only host that serves the back office, where it has one of its own; empty: every host does.
VENDOR_HOST = env("VENDOR_HOST", default="")
PAYMENT_PROVIDER = env("PAYMENT_PROVIDER", default=deployment.SANDBOX)
# Where the provider's own pages are, to which our forms lead: more than our own origin.
PAYMENT_PAGE_ORIGINS = env.list("PAYMENT_PAGE_ORIGINS", default=deployment.pages_of(PAYMENT_PROVIDER))
# Above these amounts a refund is decided by two of the staff; none set: one is enough.
REFUND_LIMITS = refund_limits.read(env("REFUND_LIMITS", default=refund_limits.DEMO if DEMO else ""))
# Stripe's, where it is the provider; a second secret of its messages while one follows the other.
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRETS", default=[])
STRIPE_METHOD_TYPES = env.list("STRIPE_METHOD_TYPES", default=["card"])
STRIPE_TEST_MODE = env.bool("STRIPE_TEST_MODE", default=False)
# For tests alone: production asks Stripe.
STRIPE_API_BASE = env("STRIPE_API_BASE", default="")
# Behind proxies: how many of them may be believed about the client's address, and whether about TLS.
_proxies = env("TRUSTED_PROXY_COUNT", default="0")
ALLAUTH_TRUSTED_PROXY_COUNT = int(_proxies) if _proxies.isascii() and _proxies.isdecimal() else -1
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # who bears it reads /metrics

_database: dict[str, Any] = env.db("DATABASE_URL") if env("DATABASE_URL", default="") else database.settings()

if _refused := deployment.refusals(
    deployment.Deployment(
        demo=DEMO,
        testing=TESTING,
        debug=DEBUG,
        key=SECRET_KEY,
        older_keys=SECRET_KEY_FALLBACKS,
        hosts=ALLOWED_HOSTS,
        origin=ORIGIN,
        vendor_host=VENDOR_HOST,
        database_engine=str(_database["ENGINE"]),
        provider=PAYMENT_PROVIDER,
        stripe=deployment.StripeSettings(
            key=STRIPE_SECRET_KEY,
            webhook_secrets=STRIPE_WEBHOOK_SECRETS,
            method_types=STRIPE_METHOD_TYPES,
            test_mode=STRIPE_TEST_MODE,
            api_base=STRIPE_API_BASE,
        ),
        page_origins=PAYMENT_PAGE_ORIGINS,
        behind_tls_proxy=BEHIND_TLS_PROXY,
        trusted_proxies=ALLAUTH_TRUSTED_PROXY_COUNT,
        environment=os.environ,
    )
):
    raise ImproperlyConfigured("\n".join(_refused))

# --- Apps --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "admin_center",
    "billing",
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    # For the names of countries in each language.
    "django_countries",
    "django.forms",
    "guardian",
    "pgtrigger",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "django_linear_migrations",
]

MIDDLEWARE = [
    "admin_center.middleware.log_requests",
    "admin_center.middleware.answer_machines",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "admin_center.middleware.never_store",
    "admin_center.middleware.reload_where_refused",
    "admin_center.middleware.keep_typed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "admin_center.middleware.know_the_device",
    "admin_center.middleware.end_old_sessions",
    "admin_center.middleware.speak_the_persons_language",
    "admin_center.middleware.name_the_person",
    "admin_center.middleware.refuse_nul",
    # Closed by default: every page needs a session unless it says otherwise.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "admin_center.middleware.ask_again",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "admin_center.urls"
WSGI_APPLICATION = "admin_center.wsgi.application"
FORM_RENDERER = "admin_center.forms.renderer.ConsoleRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": ["admin_center.constant_folding.Loader"],
            "builtins": ["admin_center.templatetags.names"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "admin_center.context.frame",
            ],
        },
    },
]

# --- Database ----------------------------------------------------------------------------------
# What stands behind the address's question mark is libpq's, and stays: sslmode, sslrootcert, options …
_options = _database.get("OPTIONS", {})
# Workers and long commands set their own. A test reads many pages within its one transaction.
_limits = (
    "-c lock_timeout=3s -c statement_timeout=30s "
    f"-c idle_in_transaction_session_timeout={'10min' if TESTING else '60s'}"
)
DATABASES = {
    "default": {
        # Django's default of 0 makes a page 2.6 times slower.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": env("TEST_DATABASE_NAME", default="test_admin_center")},
        **_database,
        # Verbs begin and end their own transactions.
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            **_options,
            "server_side_binding": True,
            # From the second time on. With 0 a migration of several commands could not run.
            "prepare_threshold": 1,
            "options": f"{_limits} {_options.get('options', '')}".strip(),
        },
    }
}
# Rate limits must hold for all server processes together: in the database, not in local memory.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Django's 300 would let anybody push out the counters of wrong passwords with a few hundred
        # of their own.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People and permissions --------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "admin_center.sign_in.passwords.WordsOfTheContext"},
]

# --- Sign-in (allauth) -------------------------------------------------------------------------
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "chooser"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "admin_center.sign_in.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "admin_center.sign_in.adapters.SocialAccountAdapter"
MFA_ADAPTER = "admin_center.sign_in.adapters.MFAAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A mail when the password or the second factor was changed.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ACCOUNT_SESSION_REMEMBER = False
# What is counted under which key, says admin_center/sign_in/attempts.py. A try that succeeds is not counted.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",
    "login_failed_from": "10/m/ip",
    "step_up_failed": "5/5m/key",
    "code_failed": "5/5m/key",
}
MFA_FORMS = {
    "authenticate": "admin_center.forms.sign_in.SecondFactorForm",
    "reauthenticate": "admin_center.forms.sign_in.SecondFactorAgainForm",
}
# The vendor's staff see every customer: a password alone opens the back office to nobody, but in the demo.
STAFF_NEED_SECOND_FACTOR = not (DEMO or TESTING)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = f"{VENDOR_NAME} Admin Center"
USERSESSIONS_TRACK_ACTIVITY = False

# The vendor's product login, when there is one.
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
OIDC_SERVER_URL = env("OIDC_SERVER_URL", default="")
OIDC_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER_URL))
SOCIALACCOUNT_PROVIDERS = {}
if OIDC_SERVER_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "product",
                "name": env("OIDC_NAME", default=VENDOR_NAME),
                "client_id": env("OIDC_CLIENT_ID"),
                "secret": env("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ],
    }

# --- Forms -------------------------------------------------------------------------------------
# Django's 1,000 are fewer than a wide subscription's lines or a promo code's products have.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

# --- Sessions and cookies ----------------------------------------------------------------------
SESSION_IDLE_SECONDS = 30 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 60 * 60
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_FAILURE_VIEW = "admin_center.views.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = [ORIGIN]
LANGUAGE_COOKIE_SECURE = SECURE
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True

# --- Headers -----------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # The buttons of the product login and of the payment method post to us and are sent on there.
        "form-action": [SELF, *([OIDC_ORIGIN] if OIDC_SERVER_URL else []), *PAYMENT_PAGE_ORIGINS],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
}

# --- Languages and time ------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
# The library of countries has no French for these, or an odd name.
COUNTRIES_OVERRIDE = {
    "BS": _("Bahamas"),
    "CD": _("Democratic Republic of the Congo"),
    "FM": _("Micronesia"),
    "GS": _("South Georgia"),
    "NL": _("Netherlands"),
    "NR": _("Nauru"),
    "PS": _("Palestine"),
    "SH": _("Saint Helena"),
    "TR": _("Türkiye"),
    "VA": _("Vatican City"),
}
LOCALE_PATHS = [BASE_DIR / "admin_center" / "locale"]
FORMAT_MODULE_PATH = ["admin_center.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Money -------------------------------------------------------------------------------------
# Literal pairs: the library would otherwise list every currency of the world.
CURRENCY_CHOICES = [
    ("BHD", "BHD"),
    ("CAD", "CAD"),
    ("CHF", "CHF"),
    ("EUR", "EUR"),
    ("GBP", "GBP"),
    ("JPY", "JPY"),
    ("USD", "USD"),
]
CURRENCIES = tuple(code for code, _name in CURRENCY_CHOICES)
DEFAULT_CURRENCY = "USD"

# --- Static files ------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Each client of a test would make a list of them all.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = TESTING

# --- Mail --------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"{VENDOR_NAME} <billing@vendor.example>")

# --- Tests -------------------------------------------------------------------------------------
if TESTING:
    # Hashing is made slow on purpose; tests sign in thousands of times.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# --- Logs --------------------------------------------------------------------------------------
LOGGING = logs.configuration(for_people=DEMO, level=env("LOG_LEVEL", default="WARNING" if DEMO else "INFO"))
