"""The strict reply check: what counts as an answer of a venue, before ccxt or anything else reads it.

ccxt alone turns an empty, HTML or null reply with status 200 into an order without id, no positions, an empty market
table (measured with 4.5.90). So every reply passes here first, and what is not an answer never becomes a value.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NoReturn

VALUES_MAX = 2_000_000  # the longest tables of markets have a quarter; each can cost a hundred bytes once it is parsed
ANSWER_AGE_MAX_S = 30.0  # three times as long as an answer is waited for
CODE_MAX = 64
WORDS_MAX = 200


class ReplyFault(Exception):
    """Something other than a usable answer came back; carries no URL, no header, no key."""


class NeverSent(ReplyFault):
    """The connection was never made, so the venue cannot have seen the request."""


class Lost(ReplyFault):
    """The request may have arrived, the reply did not."""


class NotAnAnswer(ReplyFault):
    """A reply came, but it is not what the venue documents for this request."""


class OldAnswer(NotAnAnswer):
    """A reply that was written long before it was asked for: somebody else's, or kept on the way."""


class Redirected(ReplyFault):
    """The venue's address answered with a redirect, which is never followed."""


class Silenced(ReplyFault):
    """The venue asked for silence (429, 418, 403) and it is not over yet, or it just asked."""


class VenueSaid(ReplyFault):
    """The venue answered with an error code of its own; `about` is the client id of the order it names, if any."""

    def __init__(self, *, status: int, code: str, message: str, about: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.about = about


class Shape(StrEnum):
    """The JSON container an endpoint answers with."""

    OBJECT = "object"
    LIST = "list"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a valid reply of one endpoint looks like: its container, and keys of the object (or of every row).

    `list_at` is where the rows lie inside an object, the way there separated by dots: an answer to another question
    would else pass for "none". `once_at` is a path to what no two rows may share, the key last: ccxt keeps the last of
    two rows of one market, and nobody would see that one of them is another market's. `written_at` is the path to the
    milliseconds at which the venue says it wrote the reply. `says` are words that must stand at a path: whose wallet
    it is, for instance. `holds` are paths at which something must stand: ccxt reads a word that is missing as its
    default, and may keep that for as long as it lives.
    """

    shape: Shape = Shape.EITHER
    keys: tuple[str, ...] = ()
    list_at: str = ""
    once_at: str = ""
    written_at: str = ""
    says: tuple[str, str] | None = None
    holds: tuple[str, ...] = ()


ANYTHING = Expected()


class CheckedText(str):
    """The text of a reply that passed the check, together with what it parsed to."""

    __slots__ = ("parsed",)
    parsed: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorKeys:
    """Under which names a venue's replies carry its error code and its words; the first that is there counts.

    `inside` names the object that holds both, where there is one; `worded` says that codes are words, not numbers.
    `about` is the name of the client id of the order that an error is about, where errors tell it.
    """

    code: tuple[str, ...] = ("code",)
    message: tuple[str, ...] = ("msg",)
    inside: str | None = None
    worded: bool = False
    about: str = ""


USUAL_KEYS = ErrorKeys()


def checked(
    status: int, text: str, *, expected: Expected, success_codes: frozenset[str], keys: ErrorKeys = USUAL_KEYS
) -> CheckedText:
    """Parse one reply or say what is wrong with it.

    Raises: VenueSaid for the venue's own error, NotAnAnswer for everything else that is not the documented answer.
    """
    parsed = _json(status, text)
    _raise_venue_error(status, parsed, success_codes, keys)
    if not 200 <= status <= 299:
        raise NotAnAnswer(f"HTTP {status} without an error code of the venue")
    _check_shape(parsed, expected)
    result = CheckedText(text)
    result.parsed = parsed
    return result


def _json(status: int, text: str) -> object:
    if not text.strip():
        raise NotAnAnswer(f"HTTP {status} with an empty body")
    if len(text) > VALUES_MAX and text.count(",") + text.count("[") + text.count("{") > VALUES_MAX:
        raise NotAnAnswer(f"HTTP {status} with more than {VALUES_MAX} values")
    if _ABSURD.search(text):
        raise NotAnAnswer(f"HTTP {status} with a number of more than a thousand digits")
    try:
        parsed: object = _STRICT.decode(text)
    except (ValueError, RecursionError):
        raise NotAnAnswer(f"HTTP {status} with a body that is not JSON ({_kind_of_text(text)})") from None
    if not isinstance(parsed, dict | list):
        raise NotAnAnswer(f"HTTP {status} with {printable(str(parsed))[:40]!r} where an object or a list was due")
    return parsed


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


_STRICT = json.JSONDecoder(parse_constant=_reject_constant)  # made once: json.loads would make one per reply


# whoever calculates with 1e9999999 exactly needs all the memory there is, and ccxt calculates exactly with texts
_ABSURD = re.compile(r'"[+-]?[0-9.]+[eE][+-]?[0-9]{4,}"')
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,60}")


def _kind_of_text(text: str) -> str:
    start = text.lstrip()[:1]
    if start == "<":
        return "a web page"
    return "cut short or damaged" if start in "{[" else "plain text"


def _raise_venue_error(status: int, parsed: object, success_codes: frozenset[str], keys: ErrorKeys) -> None:
    if isinstance(parsed, dict) and keys.inside is not None:
        parsed = parsed.get(keys.inside)
    if not isinstance(parsed, dict):
        return
    name = next((key for key in keys.code if key in parsed), None)
    if name is None:
        return
    code = parsed[name]
    if isinstance(code, int | str) and str(code) in success_codes and 200 <= status <= 299:
        return
    if isinstance(code, bool) or not isinstance(code, int | str) or not _is_code(str(code), worded=keys.worded):
        raise NotAnAnswer(f"HTTP {status} with an error code that is no code")
    message = next((parsed[key] for key in keys.message if parsed.get(key)), "")
    about = parsed.get(keys.about) or ""
    raise VenueSaid(status=status, code=str(code), message=printable(str(message)), about=str(about))


def _is_code(text: str, *, worded: bool) -> bool:
    if len(text) > CODE_MAX:
        return False
    return text.lstrip("-").isdigit() or (worded and _WORD.fullmatch(text) is not None)


def _check_shape(parsed: object, expected: Expected) -> None:
    if expected.shape is Shape.OBJECT and not isinstance(parsed, dict):
        raise NotAnAnswer("a list where an object was due")
    if expected.shape is Shape.LIST and not isinstance(parsed, list):
        raise NotAnAnswer("an object where a list was due")
    rows = parsed if isinstance(parsed, list) else [parsed]
    for row in rows if expected.keys else ():
        missing = [key for key in expected.keys if not isinstance(row, dict) or key not in row]
        if missing:
            raise NotAnAnswer(f"a reply without {', '.join(missing)}")
    if expected.list_at and not isinstance(_at(parsed, expected.list_at), list):
        raise NotAnAnswer(f"a reply without a list at {expected.list_at}")
    if expected.says is not None and _at(parsed, expected.says[0]) != expected.says[1]:
        raise NotAnAnswer(f"a reply that does not say {expected.says[1]} at {expected.says[0]}")
    absent = [path for path in expected.holds if _at(parsed, path) is None]
    if absent:
        raise NotAnAnswer(f"a reply without {', '.join(absent)}")
    if expected.once_at:
        _check_once(parsed, expected.once_at)


def _check_once(parsed: object, path: str) -> None:
    place, _, key = path.rpartition(".")
    found = _at(parsed, place)
    names = [str(row[key]) for row in found if isinstance(row, dict) and key in row] if isinstance(found, list) else []
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise NotAnAnswer(f"two rows for {printable(twice)}, of which one at least belongs to another market")


def check_age(body: CheckedText, expected: Expected, theirs: datetime) -> None:
    """Whether a reply was written now. `theirs` is the venue's time. Raises: OldAnswer."""
    told = _at(body.parsed, expected.written_at) if expected.written_at else None
    if not isinstance(told, int | str) or not str(told).isdigit():
        return
    age_s = theirs.timestamp() - int(told) / 1000
    if age_s > ANSWER_AGE_MAX_S:
        raise OldAnswer(f"an answer that was written {age_s:.0f} s ago")


def _at(parsed: object, path: str) -> object:
    found = parsed
    for step in path.split(".") if path else ():
        found = found.get(step) if isinstance(found, dict) else None
    return found


def printable(text: str) -> str:
    """Cut a venue's own words to one harmless line."""
    start = text[: 10 * WORDS_MAX]  # a reply may bring megabytes of words
    line = " ".join("".join(character if character.isprintable() else " " for character in start).split())
    return line if len(line) <= WORDS_MAX and len(start) == len(text) else line[: WORDS_MAX - 3] + "..."
