"""What keeps pages from harm: headers on every answer, cookies, names that are ours, proxies in front.

The headers are those of OWASP's Secure Headers Project, with these differences: referrers stay within
our own pages, because "go back" needs them; Strict-Transport-Security says nothing of names below
ours, which are not for us to decide on; Clear-Site-Data is not sent, as no page is ever stored.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from workshop.config import LOOPBACK, Config

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REFUSED = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in REFUSED),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}
ONLY_HTTPS = "max-age=31536000"  # a year
KEPT = timedelta(days=180)
BIGGEST_FORM = 64 * 1024


def settings(config: Config) -> dict[str, Any]:
    """Flask's settings for cookies, forms and names."""
    return {
        "SECRET_KEY": config.secret_key,
        "SESSION_COOKIE_NAME": _cookie(config),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": secure(config),
        "PERMANENT_SESSION_LIFETIME": KEPT,
        "MAX_CONTENT_LENGTH": BIGGEST_FORM,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: nobody loses what they typed
        # Some browsers send no referrer. Nobody else can plant our cookie: its name begins with __Host-.
        "WTF_CSRF_SSL_STRICT": False,
        "TRUSTED_HOSTS": _hosts(config),
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
    }


def protect(app: Flask, config: Config) -> None:
    """Believe the proxies that are there, and put the headers on every answer."""
    if config.proxies:
        trusted = config.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign]
    app.after_request(_headers)


def secure(config: Config) -> bool:
    """Whether browsers come by https: as configured, else unless everything is on one machine."""
    if config.https is not None:
        return config.https
    return config.host not in LOOPBACK and not config.local


def _cookie(config: Config) -> str:
    """On a laptop several workshops share the name localhost; at an event several processes one cookie."""
    if secure(config):
        return "__Host-workshop"
    return f"workshop-{config.port}" if config.local else "workshop"


def _hosts(config: Config) -> list[str] | None:
    """Against pages elsewhere that make their own name lead here (DNS rebinding); None: any name."""
    named = [name.strip() for name in config.hosts.split(",") if name.strip()]
    if not named and config.host not in LOOPBACK:
        return None
    return [*named, "127.0.0.1", "localhost", "[::1]"]


def _headers(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    if request.is_secure:
        answer.headers["Strict-Transport-Security"] = ONLY_HTTPS
    if request.endpoint != "static":
        # Pages hold credentials and what only one attendee may see.
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.add("Vary", "HX-Request")
    return answer
