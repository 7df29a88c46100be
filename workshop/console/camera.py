"""Addresses to point a camera at."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr(address: str, css: str = "qr") -> Markup:
    """A code for cameras, as SVG of this class: dark on white, whatever colours the page has."""
    code = segno.make(address, error="m", micro=False)
    return Markup(
        code.svg_inline(
            scale=1, border=3, dark="#000", light="#fff", omitsize=True, svgclass=css, lineclass=None
        )
    )
