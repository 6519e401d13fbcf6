"""The versions of a vision model at work: the one that judges, and the challengers that see its pictures too.

Without a champion pictures wait.
"""

from models.vision.session import Inspector
from services.registry.folders import FolderLineup


class VisionLineup(FolderLineup[Inspector]):
    """The model that comes with the desk is registered first."""
