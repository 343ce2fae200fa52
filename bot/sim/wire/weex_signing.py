"""Who is asking, and is the request really his: key, passphrase, time and signature as WEEX checks them.

Source: weex.com/api-doc, "Signature": base64 of HMAC-SHA256 over timestamp, method, path, query and body; a request is
valid for 30 seconds.
"""

import hmac
from base64 import b64encode
from datetime import datetime
from hashlib import sha256

from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireRequest
from bot.sim.wire.weex_errors import VenueError

_VALID_MS = 30_000
_HEADERS = (
    ("access-key", -1040, "ACCESS_KEY header is required."),
    ("access-sign", -1041, "ACCESS_SIGN header is required."),
    ("access-timestamp", -1042, "ACCESS_TIMESTAMP header is required."),
    ("access-passphrase", -1048, "ACCESS_PASSPHRASE header is required."),
)


def asker(request: WireRequest, exchange: Exchange) -> ApiKey:
    """The key that signed the request. Raises: VenueError."""
    for name, code, message in _HEADERS:
        if not request.headers.get(name):
            raise VenueError(code, message, 401)
    if request.method == "POST" and "json" not in request.headers.get("content-type", ""):
        raise VenueError(-1045, "Invalid Content-Type, please use application/json.")
    key = exchange.keys.get(request.headers["access-key"])
    if key is None:
        raise VenueError(-1044, "Invalid ACCESS_KEY.", 401)
    if not _same(request.headers["access-passphrase"], key.passphrase):
        raise VenueError(-1049, "API key or passphrase incorrect.", 401)
    _check_time(request.headers["access-timestamp"], exchange.now, exchange.window_scale)
    if not _same(request.headers["access-sign"], signature(request, key.secret)):
        raise VenueError(-1047, "API authentication failed.", 401)
    return key


def signature(request: WireRequest, secret: str) -> str:
    """What this request must be signed with."""
    asked = f"?{request.query}" if request.query else ""
    signed = f"{request.headers.get('access-timestamp', '')}{request.method}{request.path}{asked}{request.body}"
    digest = hmac.new(secret.encode(), signed.encode("utf-8", "replace"), sha256).digest()
    return b64encode(digest).decode()


def _same(told: str, known: str) -> bool:
    return hmac.compare_digest(told.encode("utf-8", "replace"), known.encode())


def _check_time(told: str, now: datetime, window_scale: int) -> None:
    if not told.isdecimal() or not told.isascii() or len(told) > 18:
        raise VenueError(-1043, "Invalid ACCESS_TIMESTAMP.", 401)
    if abs(milliseconds(now) - int(told)) > _VALID_MS * window_scale:
        raise VenueError(-1046, "Request timestamp expired.")
