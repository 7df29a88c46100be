"""The web app for any WSGI server: `gunicorn wsgi:app`."""

from workshop.app import create_app
from workshop.config import Config

app = create_app(Config())
