"""A QR code that a phone can scan, and the key behind it for typing."""

from urllib.parse import parse_qs, urlsplit

import segno

from components.words import safe


def qr_image(text: str, *, scale: int = 5) -> str:
    """An image of the text, dark on white with the quiet zone that scanners need.

    An `img`, since Streamlit takes drawings out of the HTML that it is given.
    """
    made = segno.make(text, error="m").svg_data_uri(scale=scale, border=4, dark="#000", light="#fff")
    return f'<img class="tw-qr" alt="QR code for the authenticator app" src="{safe(made)}">'


def typed_key(address: str) -> str:
    """The secret of an `otpauth://` address, in groups of four."""
    secret = parse_qs(urlsplit(address).query)["secret"][0]
    return " ".join(secret[k : k + 4] for k in range(0, len(secret), 4))
