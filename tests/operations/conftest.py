"""The same app, database and visitors as the tests of the pages."""

from tests.web.conftest import (  # noqa: F401
    app,
    config,
    database,
    guide,
    helper,
    join,
    paul,
    postgresql,
    visitor,
)
