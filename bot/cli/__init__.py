"""The command line: parse, call one handler, turn every ending into a sentence and an exit code."""

from bot.cli.run import run

__all__ = ["run"]
