"""Scoring: windows from stored readings, predictions, explanations, and what follows from them."""

from services.score.judge import Judge, Judged
from services.score.run import Scored, Served, score_due, score_range
from services.score.serving import serve

__all__ = ["Judge", "Judged", "Scored", "Served", "score_due", "score_range", "serve"]
