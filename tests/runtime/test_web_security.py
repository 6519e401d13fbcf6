"""Who is let in, which headers answer, and what the two sign-in routes do."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from auth.sessions import SESSION_COOKIE
from data.store.database import Database
from domain.errors import NotSignedIn
from runtime import web_assets, web_auth
from runtime.web_security import Gate, SecurityHeaders, content_policy, inline_hashes
from services.accounts import Accounts
from tests import factories as f

HERE = "http://127.0.0.1:8501"
ORIGIN = {"origin": HERE}


def scope(
    kind: str = "http", client: str = "127.0.0.1", host: str = "127.0.0.1:8501", **more: Any
) -> dict[str, Any]:
    headers = [
        (b"host", host.encode()),
        *((k.encode(), v.encode()) for k, v in more.get("headers", {}).items()),
    ]
    method = {"method": more.get("method", "GET")} if kind == "http" else {}
    return {"type": kind, "client": (client, 5), "path": more.get("path", "/"), "headers": headers, **method}


def verdict(public_https: bool = False, **about: Any) -> int:
    async def nothing(*_: Any) -> None:
        return None

    return Gate(nothing, public_https).verdict(scope(**about))[0]


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.1", "::2", "testclient"])
def test_plain_http_is_for_this_machine_only(client: str) -> None:
    assert verdict(client=client) == 403


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_let_in(client: str) -> None:
    assert verdict(client=client) == 0


@pytest.mark.parametrize(
    "host", ["evil.example", "desk.evil.example:8501", "", "127.0.0.1.evil.example", "[::1"]
)
def test_a_foreign_name_that_points_here_is_refused(host: str) -> None:
    assert verdict(host=host) == 403


def test_behind_https_other_machines_and_names_are_served() -> None:
    assert verdict(True, client="192.0.2.7", host="desk.plant.example") == 0


@pytest.mark.parametrize(
    "origin", [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9"}]
)
def test_a_websocket_or_a_post_from_another_page_is_refused(origin: dict[str, str]) -> None:
    assert verdict(kind="websocket", headers=origin) == 403
    assert verdict(method="POST", headers=origin) == 403
    assert verdict(kind="websocket", headers=ORIGIN) == 0
    assert verdict(method="POST", headers=ORIGIN) == 0


@pytest.mark.parametrize("path", ["/_stcore/agent/openapi.json", "/_stcore/metrics"])
def test_what_we_do_not_offer_is_closed(path: str) -> None:
    assert verdict(path=path) == 404


@pytest.fixture
def accounts(database: Database) -> Accounts:
    with database.write() as tx:
        f.account(tx, "sue")
    return Accounts(database, 12)


class Client:
    """A browser on this machine, without cookies of its own and without following redirects."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app, client=("127.0.0.1", 5))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self._ask("POST", path, **more)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=HERE) as browser:
                return await browser.request(method, path, **more)

        return asyncio.run(ask())


@pytest.fixture
def client(accounts: Accounts) -> Client:
    def home(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("home")

    return Client(
        Starlette(
            routes=[Route("/", home), *web_auth.routes(accounts, https=False), *web_assets.routes()],
            middleware=[
                Middleware(SecurityHeaders, policy=content_policy(["'sha256-x'"]), https=True),
                Middleware(Gate, public_https=False),
            ],
        )
    )


def test_every_answer_carries_the_headers(client: Client) -> None:
    for path in ("/", "/nowhere", "/assets/taktwise.css"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        script = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in script
        assert "'unsafe-eval'" not in script
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "max-age" in headers["strict-transport-security"]


def test_a_ticket_sets_a_cookie_that_scripts_cannot_read(client: Client, accounts: Accounts) -> None:
    ticket = accounts.accepted("sue", "127.0.0.1")
    answer = client.get("/auth/session", params={"t": ticket, "next": "/machine?id=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/machine?id=x")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert accounts.actor(answer.cookies[SESSION_COOKIE]).username == "sue"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_no_ticket_leads_away(client: Client, accounts: Accounts, target: str) -> None:
    ticket = accounts.accepted("sue", "127.0.0.1")
    answer = client.get("/auth/session", params={"t": ticket, "next": target})
    assert answer.headers["location"] == "/"


def test_a_foreign_page_cannot_sign_a_browser_in(client: Client, accounts: Accounts) -> None:
    ticket = accounts.accepted("sue", "127.0.0.1")
    answer = client.get("/auth/session", params={"t": ticket}, headers={"sec-fetch-site": "cross-site"})
    assert "set-cookie" not in answer.headers
    assert client.get("/auth/session", params={"t": ticket}).cookies.get(SESSION_COOKIE)


def test_a_used_or_invented_ticket_sets_no_cookie(client: Client) -> None:
    answer = client.get("/auth/session", params={"t": "invented", "next": "/inbox"})
    assert answer.headers["location"] == "/"
    assert "set-cookie" not in answer.headers


def test_signing_out_revokes_the_session_and_takes_the_cookie(client: Client, accounts: Accounts) -> None:
    token = accounts.open_session("sue").token
    cookie = {"cookie": f"{SESSION_COOKIE}={token}"}
    assert client.get("/auth/sign-out", headers=cookie).status_code == 405
    assert client.post("/auth/sign-out", headers=cookie).status_code == 403
    assert accounts.actor(token)
    answer = client.post("/auth/sign-out", headers={**cookie, **ORIGIN})
    assert 'taktwise_session=""' in answer.headers["set-cookie"]
    with pytest.raises(NotSignedIn):
        accounts.actor(token)


def test_assets_are_ours_by_name_only(client: Client) -> None:
    assert client.get("/assets/live.js").headers["content-type"].startswith("text/javascript")
    assert b"Plotly" in client.get("/assets/plotly.js").content
    assert client.get("/favicon.png").headers["content-type"].startswith("image/svg+xml")
    for name in ("..%2Fapp.py", "%2e%2e%2fapp.py", "settings.py", "live.js%00"):
        assert client.get(f"/assets/{name}").status_code == 404


def test_an_unchanged_asset_is_not_sent_twice(client: Client) -> None:
    first = client.get("/assets/taktwise.css")
    assert (
        client.get("/assets/taktwise.css", headers={"if-none-match": first.headers["etag"]}).status_code
        == 304
    )


def test_inline_scripts_of_others_are_allowed_by_hash(tmp_path: Any) -> None:
    page = tmp_path / "index.html"
    page.write_text('<script src="a.js"></script><script>\n  window.x = 1\n</script>')
    (only,) = inline_hashes([page])
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", only)
