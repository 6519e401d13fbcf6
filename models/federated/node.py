"""A plant's side over Flower: each question starts a process that reads the plant's own folder."""

from pathlib import Path

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from domain.errors import SettingsError
from models.federated.train import Plant, share
from models.federated.wire import note_of, record_of

app = ClientApp()


@app.query()  # type: ignore[untyped-decorator]
def ask(message: Message, context: Context) -> Message:
    """Answer one question; `data`, `name` and `out` are this node's own settings, never the server's."""
    own = {key: str(context.node_config.get(key, "")) for key in ("data", "name", "out")}
    if not all(own.values()):
        raise SettingsError("the node was started without data, name or out")
    plant = Plant(share([Path(own["data"])]), own["name"], Path(own["out"]))
    return Message(content=record_of(plant.answer(note_of(message.content))), reply_to=message)
