"""Recorded public replies of a venue, answered to the real client by a transport without a socket.

Replies are named "METHOD /path", with "?key=value" behind where the answer depends on it, "*" for any last part of a
path, and for POST /info the type that is asked for. What was not recorded is answered with status 404.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.exchange.world import Answer, FakeResponse, Request

RECORDED = Path(__file__).parent / "recorded" / "market"


@dataclass(frozen=True)
class Recording:
    """One file of replies, all of one instant."""

    source: str
    at: datetime
    replies: Mapping[str, object]


def recording(venue: str) -> Recording:
    document = json.loads((RECORDED / f"{venue}.json").read_text())
    at = datetime.fromtimestamp(document["at_ms"] / 1000, tz=UTC)
    return Recording(source=document["source"], at=at, replies=document["replies"])


class Replay:
    """Answers from a recording and keeps every request; `changes` replace or add replies."""

    def __init__(self, venue: str, changes: Mapping[str, object] | None = None) -> None:
        self.recording = recording(venue)
        self.replies = {**self.recording.replies, **(changes or {})}
        self.requests: list[Request] = []
        self.unanswered: list[str] = []

    @asynccontextmanager
    async def request(self, method: str, url: Any, **options: Any) -> AsyncIterator[FakeResponse]:
        request = Request(method, url, (options["data"] or b"").decode(), dict(options["headers"]))
        self.requests.append(request)
        yield FakeResponse(self._answer(request))

    async def close(self) -> None:
        return

    def lines(self) -> list[str]:
        return [request.line for request in self.requests]

    def _answer(self, request: Request) -> Answer:
        name = next((name for name in self._names(request) if name in self.replies), None)
        if name is None:
            self.unanswered.append(f"{request.line}?{request.url.query_string} {request.body}")
            return Answer(status=404, body='{"missing": true}')
        found = self.replies[name]
        return found if isinstance(found, Answer) else Answer(body=json.dumps(found))

    def _names(self, request: Request) -> list[str]:
        asked = [f"{request.line}?{key}={value}" for key, value in request.url.query.items()]
        kind = json.loads(request.body).get("type") if request.method == "POST" and request.body else None
        parent = request.line.rsplit("/", 1)[0]
        return [*asked, *([f"{request.line} {kind}"] if kind else []), request.line, f"{parent}/*"]
