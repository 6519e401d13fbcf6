"""What a person shows to sign: a credential, and the proof that it was checked."""

from dataclasses import dataclass, field

from domain.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Credential:
    """What was typed to sign. Never stored, never shown, not in a representation."""

    password: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


NOTHING_TYPED = Credential()


@dataclass(frozen=True, slots=True)
class Proof:
    """The account has just shown who it is. Made by `services.signing.Signer` alone; good for one act."""

    account_id: str
    by: str
    coded: bool = False  # a code from the phone was shown beside the password


def check_proof(proof: Proof | None, account_id: str) -> Proof:
    """The proof, if it is this account's; Forbidden otherwise."""
    if proof is None or proof.account_id != account_id:
        raise Forbidden("nothing is signed without the signer's own password")
    return proof
