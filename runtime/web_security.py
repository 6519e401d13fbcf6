"""What every request passes first: who may speak to us, from which page, and what the browser may run."""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CLOSED = ("/_stcore/agent", "/_stcore/metrics", "/_stcore/script-health-check")
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


def inline_hashes(pages: Iterable[Path]) -> list[str]:
    """`'sha256-...'` of each inline script in the given HTML files, for the content security policy."""
    sources = (script for page in pages for script in _INLINE.findall(page.read_text(encoding="utf-8")))
    return [f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in sources]


def content_policy(script_hashes: Iterable[str]) -> str:
    """Only our own origin. Widgets arrive as blob modules; styles are set inline by Streamlit."""
    scripts = " ".join(["script-src 'self' blob: 'wasm-unsafe-eval'", *script_hashes])
    return "; ".join(
        (
            "default-src 'self'",
            scripts,
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "frame-ancestors 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
        )
    )


class SecurityHeaders:
    """Adds the headers to every HTTP response."""

    def __init__(self, app: ASGIApp, policy: str, https: bool) -> None:
        self.app = app
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"SAMEORIGIN"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if https:
            self.headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; dress the response."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.headers]
            await send(message)

        await self.app(scope, receive, dressed if scope["type"] == "http" else send)


class Gate:
    """Refuses plain HTTP from other machines, foreign host names, foreign pages, and closed paths.

    On loopback, only loopback host names are answered, so that no name can be pointed at us from
    outside. Behind HTTPS (`public_https`), the proxy or the certificate vouches for the name.
    """

    def __init__(self, app: ASGIApp, public_https: bool) -> None:
        self.app = app
        self.public_https = public_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403 or 404, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        status, reason = self.verdict(scope)
        if status == 0:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(reason, status)(scope, receive, send)

    def verdict(self, scope: MutableMapping[str, Any]) -> tuple[int, str]:
        """(0, "") to let it in, else the status and the reason."""
        headers = Headers(scope=scope)
        if not self.public_https:
            if not _is_loopback(scope):
                return 403, "plain HTTP is answered on this machine only; serve the desk over HTTPS"
            if _host_name(headers.get("host", "")) not in LOOPBACK_NAMES:
                return 403, "this name is not served"
        if scope["path"].startswith(_CLOSED):
            return 404, "not found"
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if changes and not by_token(scope, headers) and not same_origin(headers):
            return 403, "this request came from another page"
        return 0, ""


def by_token(scope: MutableMapping[str, Any], headers: Headers) -> bool:
    """True for a call of the interface that proves itself by a token: no page can make a browser do that."""
    named = headers.get("authorization", "").lower().startswith("bearer ")
    return scope["path"].startswith("/api/") and named and "cookie" not in headers


def same_origin(headers: Headers) -> bool:
    """True when the Origin header names the host that was asked. A missing one is refused."""
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == headers.get("host")


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(scope: MutableMapping[str, Any]) -> bool:
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0]) if client else None
    except ValueError:
        return False
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
