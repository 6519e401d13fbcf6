"""People who type their password whenever they sign: for tests about what happens after that."""

from typing import Any

import bcrypt

from auth.permissions import Actor
from auth.signatures import Credential
from services.commands.acting import Decided
from services.commands.cases import CaseCommands
from tests.factories import PASSWORD

TYPED = Credential(PASSWORD)
QUICK_HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


class SigningCommands(CaseCommands):
    """The real commands, called by somebody whose password is tests.factories.PASSWORD."""

    def approve(self, actor: Actor, *args: Any, credential: Credential = TYPED) -> Decided:
        return super().approve(actor, *args, credential=credential)

    def reject(self, actor: Actor, *args: Any, credential: Credential = TYPED) -> Decided:
        return super().reject(actor, *args, credential=credential)

    def withdraw_command(self, actor: Actor, *args: Any, credential: Credential = TYPED) -> Decided:
        return super().withdraw_command(actor, *args, credential=credential)

    def undo(self, actor: Actor, *args: Any, credential: Credential = TYPED) -> Decided:
        return super().undo(actor, *args, credential=credential)
