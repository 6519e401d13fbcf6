"""`POST /api/pictures/<site>/<area>/<line>/<unit>`: a camera sends a picture of a part.

The body is the picture's file, 2 MB at the most; `Authorization: Bearer TOKEN` names the sender.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from domain.errors import NotFound, Retryable
from services.vision.received import MOST_BYTES, Received

PATH = "/api/pictures"
Take = Callable[[str, bytes, str], Received]


def routes(tokens: Mapping[str, str], take: Take) -> list[BaseRoute]:
    """201 kept; 200 known already; 401 no such token; 404 no such machine; 413 too large; 422 refused, with
    the reason; 503 too many wait, or the database is away. Without tokens nobody may send.
    """

    async def post(request: Request) -> Response:
        sender = sender_of(request.headers.get("authorization", ""), tokens)
        if not sender:
            return _says(401, "a token is needed: Authorization: Bearer TOKEN")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return _says(413, f"{MOST_BYTES} bytes are the most")
        unit = str(request.path_params["unit"])
        return await asyncio.to_thread(_answer, take, unit, bytes(body), sender)

    return [Route(f"{PATH}/{{unit:path}}", post, methods=["POST"])]


def sender_of(header: str, tokens: Mapping[str, str]) -> str:
    """Who sends, by the token; "" for nobody. Takes the same time whichever token is wrong."""
    kind, _, token = header.partition(" ")
    found = ""
    for name, wanted in tokens.items():
        if hmac.compare_digest(token.strip().encode(), wanted.encode()) and kind.lower() == "bearer":
            found = name
    return found


def _answer(take: Take, unit: str, data: bytes, sender: str) -> Response:
    try:
        found = take(unit, data, sender)
    except NotFound as error:
        return _says(404, str(error))
    except Retryable as error:
        return JSONResponse({"error": str(error)}, 503, {"Retry-After": "30"})
    if found.reason:
        return _says(422, found.reason)
    said = {"inspection": found.inspection_id, "sha256": found.sha256, "new": found.new}
    return JSONResponse(said, 201 if found.new else 200)


def _says(status: int, words: str) -> Response:
    return JSONResponse({"error": words}, status)
