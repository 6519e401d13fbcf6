"""A QR code as SVG."""

import io

import segno

from components.words import safe


def qr_svg(text: str, *, scale: int = 5) -> str:
    """An image of the text, dark on white with the quiet zone that scanners need."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=scale, border=4, light="#fff", xmldecl=False)
    label = safe("QR code for the authenticator app")
    return f'<div role="img" aria-label="{label}">{out.getvalue().decode()}</div>'
