"""Two routes: trade a ticket for the session cookie, and sign out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from auth.sessions import SESSION_COOKIE, safe_next
from domain.errors import NotSignedIn
from services.accounts import Accounts


def routes(accounts: Accounts, https: bool) -> list[BaseRoute]:
    """`GET /auth/session?t=TICKET&next=/path` and `POST /auth/sign-out`."""

    def open_session(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return RedirectResponse("/", 303)  # a foreign page must not sign a browser in
        address = request.client.host if request.client else ""
        try:
            granted = accounts.redeem(request.query_params.get("t", ""), address)
        except NotSignedIn:
            return RedirectResponse("/", 303)
        response = RedirectResponse(safe_next(request.query_params.get("next", "/")), 303)
        response.set_cookie(
            SESSION_COOKIE,
            granted.token,
            max_age=granted.max_age_s,
            path="/",
            httponly=True,
            samesite="lax",
            secure=https,
        )
        response.headers["cache-control"] = "no-store"
        return response

    def sign_out(request: Request) -> Response:
        accounts.sign_out(request.cookies.get(SESSION_COOKIE))
        response = RedirectResponse("/", 303)
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=https)
        response.headers["clear-site-data"] = '"cache"'
        return response

    return [
        Route("/auth/session", open_session, methods=["GET"]),
        Route("/auth/sign-out", sign_out, methods=["POST"]),
    ]
