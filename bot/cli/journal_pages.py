"""`ballast journal`: verify, export, backup; none of them writes into the journal, so a daemon may be running."""

import json
import sys
from pathlib import Path

from bot.cli.arguments import Arguments
from bot.cli.handlers import settings_of

DAMAGED = 2


def verify(arguments: Arguments) -> int:
    """Say whether the file is whole and tells a possible story; 2 when it is not."""
    path, alone = _path(arguments)
    from bot.cli.render import findings_table  # noqa: PLC0415
    from bot.execution.verification import verify as look  # noqa: PLC0415
    from bot.logs import redacted  # noqa: PLC0415

    found = look(path, alone=alone)
    code = DAMAGED if any(row.verdict == "fail" for row in found) else 0
    rows = [{"topic": row.topic, "verdict": row.verdict, "text": row.text} for row in found]
    shown = json.dumps({"schema": 1, "journal": str(path), "findings": rows, "exit_code": code})
    print(redacted(shown if arguments.json else f"journal {path}\n{findings_table(found)}"))
    return code


def export(arguments: Arguments) -> int:
    """Print the journal as lines of JSON, or write them to a new file."""
    path, _ = _path(arguments)
    from bot.execution.copies import export as tell  # noqa: PLC0415
    from bot.execution.copies import export_to  # noqa: PLC0415
    from bot.logs import redacted  # noqa: PLC0415

    if arguments.to is None:
        tell(path, lambda line: sys.stdout.write(redacted(line)))
        return 0
    count = export_to(path, arguments.to, redacted)
    _say(arguments, f"{count} lines written to {arguments.to}, readable by you only", lines=count)
    return 0


def backup(arguments: Arguments) -> int:
    """Copy the journal to a new file."""
    path, _ = _path(arguments)
    if arguments.to is None:
        raise AssertionError("the parser demands a file")
    from bot.execution.copies import back_up  # noqa: PLC0415

    size = back_up(path, arguments.to)
    _say(arguments, f"{arguments.to}: a whole copy of {path}, {size:,} bytes, readable by you only", bytes=size)
    return 0


def _path(arguments: Arguments) -> tuple[Path, bool]:
    """The journal meant, and whether it is a copy that was named."""
    if arguments.file is not None:
        return arguments.file, True
    return settings_of(arguments).journal.path, False


def _say(arguments: Arguments, text: str, **facts: int) -> None:
    print(json.dumps({"schema": 1, "file": str(arguments.to), **facts}) if arguments.json else text)
