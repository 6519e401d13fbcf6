"""`POST /drafts`: what somebody is typing, sent by static/drafts.js a moment after each pause."""

import asyncio

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from auth.sessions import SESSION_COOKIE
from domain.drafts import LONGEST_SUBJECT
from domain.errors import InvalidInput, NotNow, NotSignedIn
from services.accounts import Accounts
from services.commands.drafts import LONGEST, DraftCommands

MOST_BYTES = 6 * LONGEST + 2_000  # JSON may write a character in six


class Typed(BaseModel):
    """One text: whose it is, what it is about, and how often that was used up when the field was drawn."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: str = Field(min_length=1, max_length=LONGEST_SUBJECT)
    subject: str = Field(min_length=1, max_length=LONGEST_SUBJECT)
    text: str = Field(max_length=LONGEST)
    uses: int = Field(ge=0)


def routes(accounts: Accounts, drafts: DraftCommands) -> list[BaseRoute]:
    """204 kept; 409 an act has used this text up; 401 nobody, 403 somebody else is signed in; 413, 422;
    507 this person has too many unfinished texts.
    """

    def keep(token: str | None, typed: Typed) -> Response:
        try:
            actor = accounts.actor(token)
            if actor.account_id != typed.account:
                return PlainTextResponse("this text is somebody else's", 403)
            kept = drafts.save(actor, typed.subject, typed.text, typed.uses)
        except NotSignedIn as error:
            return PlainTextResponse(str(error), 401)
        except InvalidInput as error:
            return PlainTextResponse(str(error), 422)
        except NotNow as error:
            return PlainTextResponse(str(error), 507)
        return Response(status_code=204) if kept else PlainTextResponse("used up", 409)

    async def take(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return PlainTextResponse("too long", 413)
        try:
            typed = Typed.model_validate_json(bytes(body))
        except ValidationError:
            return PlainTextResponse("not a draft", 422)
        return await asyncio.to_thread(keep, request.cookies.get(SESSION_COOKIE), typed)

    return [Route("/drafts", take, methods=["POST"])]
