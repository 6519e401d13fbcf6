"""Bins of many plants at once, with Dask: what takes longest before training on many machines.

Workers read the histories and keep the bins beside them, so the folder must be one that all see; only its
name travels. Dask is in the training environment alone.
"""

from pathlib import Path

from domain.errors import SettingsError
from models.failure import plant

ADDRESS = "TAKTWISE_DASK"
LOCAL = "local:"


def bin_all(paths: list[Path], address: str) -> int:
    """Make and keep the bins of every plant; returns how many machines they hold.

    `address`: a scheduler (`tcp://HOST:8786`), or `local:N` for N processes of this machine.
    """
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise SettingsError(f"{ADDRESS} needs {error.name}: run make train, or use .venv-train") from error
    folders = [str(path.resolve()) for path in paths]
    if not address.startswith(LOCAL):
        with Client(address, timeout="20s") as client:
            return int(sum(client.gather(client.map(plant.binned, folders, pure=False))))
    count = address.removeprefix(LOCAL)
    if not count.isdigit() or not 1 <= int(count) <= 256:
        raise SettingsError(f"{ADDRESS}={address!r}: write local:N, or a scheduler's address")
    with (
        LocalCluster(
            n_workers=int(count), threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        return int(sum(client.gather(client.map(plant.binned, folders, pure=False))))
