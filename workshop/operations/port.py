"""A worker's own port, for those who watch over it: whether it lives, and what it has counted."""

from __future__ import annotations

import logging
import threading

from flask import Flask, jsonify
from sqlalchemy import Engine
from werkzeug.serving import make_server

from workshop.config import Config
from workshop.models import connect
from workshop.operations.metrics import Metrics
from workshop.operations.readiness import Readiness


def answer(config: Config) -> None:
    """Answer at the worker's port, in the background, for as long as the process lives."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server(
        config.host, config.worker_port, _app(config, connect(config.database)), threaded=True
    )
    threading.Thread(target=server.serve_forever, daemon=True, name="port").start()


def _app(config: Config, engine: Engine) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(worker=True))
    app.add_url_rule("/readyz", "readyz", Readiness(engine).answer)
    app.add_url_rule("/metrics", "metrics", Metrics(config.metrics_key).answer)
    return app
