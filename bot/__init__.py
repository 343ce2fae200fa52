"""Ballast keeps a long-term crypto portfolio upright with short futures; spot is never sold."""

__version__ = "0.1.0"
