"""The files that the browser loads from us: our own, by name, and Plotly from its Python package."""

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runtime.settings import ROOT

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def routes() -> list[BaseRoute]:
    """`/assets/NAME`, and the favicon under the names that Streamlit's page and browsers ask for."""
    files = {p.name: p for p in sorted((ROOT / "static").iterdir()) if p.suffix in _TYPES}
    files["plotly.js"] = PLOTLY

    def asset(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        return _answer(request, path) if path else Response(status_code=404)

    def favicon(request: Request) -> Response:
        return _answer(request, files["favicon.svg"])

    return [
        Route("/assets/{name}", asset),
        Route("/favicon.png", favicon),
        Route("/favicon.ico", favicon),
    ]


def _answer(request: Request, path: Path) -> Response:
    body, packed, tag = _load(path)
    headers = {"cache-control": "no-cache", "etag": tag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        body = packed
    return Response(body, media_type=_TYPES[path.suffix], headers=headers)


@cache
def _load(path: Path) -> tuple[bytes, bytes, str]:
    body = path.read_bytes()
    return body, gzip.compress(body, 6), f'"{sha256(body).hexdigest()[:24]}"'
