"""Reports by mail, over SMTP with TLS.

The Message-ID is made from the parcel's key, so that a mail that is sent again, because the first answer
was lost, carries the same one. A password never leaves this machine without TLS.
"""

import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from data.sinks.outlet import Parcel
from data.sinks.port import Ack, Outcome, Retry, Terminal
from domain.errors import SettingsError

TIMEOUT_S = 20.0
PORTS = {"smtp": 25, "smtps": 465}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class MailOutlet:
    """One SMTP server: `smtp://[user:password@]host[:port]` (STARTTLS if offered) or `smtps://`."""

    def __init__(self, url: str, sender: str, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise SettingsError("the mail server is smtp://host:port or smtps://host:port")
        self._implicit, self._host = parts.scheme == "smtps", parts.hostname
        self._port = parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender, self._timeout_s = sender, timeout_s

    def deliver(self, parcel: Parcel, target: Sequence[str]) -> Outcome:
        """Send one mail to all; refused by all is Terminal, refused by some is Ack for the rest."""
        try:
            with self._connection() as server:
                self._sign_in(server)
                refused = server.send_message(self._message(parcel, target))
        except SettingsError as error:
            return Terminal(str(error))
        except smtplib.SMTPRecipientsRefused as error:
            return _verdict([code for code, _ in error.recipients.values()], "every address was refused")
        except smtplib.SMTPAuthenticationError:
            return Terminal("the mail server refused our user name and password")
        except smtplib.SMTPResponseException as error:
            return _verdict([error.smtp_code], f"the mail server said {error.smtp_code} {_text(error)}")
        except (smtplib.SMTPException, ssl.SSLError) as error:
            return Retry(f"the mail server broke off: {error}")
        except OSError as error:
            return Retry(f"no mail server at {self._host}:{self._port} ({error.strerror or error})")
        return Terminal(f"refused: {', '.join(sorted(refused))}; the others have it") if refused else Ack()

    def _connection(self) -> smtplib.SMTP:
        if self._implicit:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)

    def _sign_in(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        secure = self._implicit
        if not secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            secure = True
        if self._user:
            if not secure and self._host not in LOOPBACK:
                raise SettingsError("the mail server offers no TLS; a password is not sent in the clear")
            server.login(self._user, self._password)

    def _message(self, parcel: Parcel, target: Sequence[str]) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._sender, ", ".join(target)
        message["Subject"] = " ".join(parcel.subject.split())
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = f"<{hashlib.sha256(parcel.key.encode()).hexdigest()[:32]}@taktwise>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(parcel.words)
        for file in parcel.files:
            kind, _, subtype = file.media_type.partition("/")
            message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        return message


def _verdict(codes: Sequence[int], why: str) -> Outcome:
    """4xx may pass, 5xx does not (RFC 5321, 4.2.1)."""
    return Terminal(why) if all(code >= 500 for code in codes) else Retry(why)


def _text(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:200]
