"""Photos of what was found: bounded, re-encoded, and nothing in them but the picture.

A photo is decoded and written anew as JPEG: place, time and device that a camera writes into it are
gone, and so is whatever only looks like a picture.
"""

import hashlib
import io
import warnings

from domain.errors import InvalidInput

LARGEST_BYTES = 8 * 1024 * 1024
LARGEST_STORED_BYTES = 700_000
LARGEST_PIXELS = 50_000_000
LONGEST_SIDE = 1_600
KINDS = ("JPEG", "PNG", "WEBP")
REFUSED = "a photo is a JPEG, PNG or WebP picture of at most 8 MB"


def stored(data: bytes) -> tuple[str, bytes]:
    """(sha256, JPEG) to be kept of a photo. InvalidInput for anything else than a bounded picture."""
    from PIL import Image, ImageOps

    if not 0 < len(data) <= LARGEST_BYTES:
        raise InvalidInput(REFUSED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=KINDS) as picture:
                if picture.width * picture.height > LARGEST_PIXELS:
                    raise InvalidInput(REFUSED)
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except InvalidInput:
        raise
    except Exception as error:  # the decoder's errors are of many kinds; all mean: not such a picture
        raise InvalidInput(REFUSED) from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    for quality in (85, 70, 50, 30):
        out = io.BytesIO()
        upright.save(out, "JPEG", quality=quality)
        if out.tell() <= LARGEST_STORED_BYTES:
            return hashlib.sha256(out.getvalue()).hexdigest(), out.getvalue()
    raise InvalidInput(REFUSED)
