"""From arguments to an exit code; no traceback reaches a person."""

import sys
from collections.abc import Sequence

from bot.cli import core_dumps, endings
from bot.cli.arguments import Arguments
from bot.cli.parser import parse
from bot.domain.errors import BallastError


def run(argv: Sequence[str]) -> int:
    """Run one command. Every foreseeable ending has its own exit code; see `bot.cli.endings`."""
    as_json = "--json" in argv
    try:
        code = _run(parse(argv))
        sys.stdout.flush()
        return code
    except SystemExit as error:  # argparse, after --help and --version
        return error.code if isinstance(error.code, int) else 0
    except KeyboardInterrupt:
        return endings.INTERRUPTED
    except BrokenPipeError:
        return endings.pipe_closed()
    except BallastError as error:
        return endings.told(error, as_json=as_json)
    except Exception as error:  # the last net: a person gets a sentence, the log gets the trace
        return endings.unexpected(error, as_json=as_json)


def _run(arguments: Arguments) -> int:
    from bot.logs import configure_logs  # noqa: PLC0415 - `--help` needs no logs

    core_dumps.forbid()
    configure_logs(level=arguments.log_level, form=arguments.log_format)
    return arguments.handler(arguments)
