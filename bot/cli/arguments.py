"""What a command line says, once it is read."""

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self


class Arguments(argparse.Namespace):
    """What was asked for on the command line."""

    config_first: list[str]  # before the command
    config_last: list[str]  # after it
    default_scenario: str
    command: str
    handler: Callable[[Self], int]
    config: list[Path]
    json: bool
    log_level: str
    log_format: str
    confirm_live: str | None
    # check
    explain: bool
    examined: str | None
    # status, flatten, pause, resume
    watch: bool
    healthy: bool
    verify: bool
    reason: str
    arm: str | None
    abandon: list[str]
    # journal
    file: Path | None
    to: Path | None
    # localnet, demo
    venue: str
    listen: str
    scenario: str | None
    tape: Path | None
    seed: int
    speed: float
    write_config: Path | None
    since: datetime | None
    until: datetime | None
    page: bool
