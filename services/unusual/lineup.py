"""The versions of a model of the unusual at work: the one that people see, and the challengers beside it."""

from models.anomaly.machines.watcher import Watcher
from services.registry.folders import FolderLineup


class WatchLineup(FolderLineup[Watcher]):
    """Without a champion nobody is told what is unusual."""
