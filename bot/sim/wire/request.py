"""What crosses the wire, as values: one request, one reply, no socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP request as it reached the exchange.

    `query` and `body` are the raw text that was signed; header names are lower case.
    """

    method: str
    host: str
    path: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """One HTTP reply: status, extra headers and the bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"

    @property
    def reason(self) -> str:
        """The words that follow the status code; empty for codes nobody registered, such as 524."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""

    @property
    def succeeded(self) -> bool:
        """Whether the status says the request was carried out."""
        return 200 <= self.status < 300
