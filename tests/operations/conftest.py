"""The same app and visitors as the tests of the pages."""

from tests.web.conftest import (  # noqa: F401
    app,
    config,
    guide,
    helper,
    join,
    paul,
    visitor,
)
