"""What front servers and broken lines send in place of an answer, the same at every venue."""

from functools import cache

from bot.sim.wire.request import WireReply

HTML = b"<html><head><title>Error</title></head><body><center><h1>Service is busy</h1></center></body></html>"
_NOT_FOUND = b"<!doctype html><html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
_BODIES = {
    "body_empty": b"", "body_html": HTML, "body_null": b"null", "body_list": b"[]", "body_object": b"{}",
    "body_text": b'"OK"', "body_infinite": b"[" * 50_000,
}  # fmt: skip
_HUGE_BYTES = 33 * 1024 * 1024
_REDIRECTS = {"redirect": 307, "redirect_308": 308, "redirect_same_host": 307}


@cache
def _huge() -> bytes:
    return b"[" + b" " * _HUGE_BYTES


def rubbish(name: str, whole: WireReply | None, *, elsewhere: str, acknowledged: bytes) -> WireReply:
    """The reply of a fault that knows no venue: a status, a redirect, a body that is none.

    `elsewhere` is where a redirect points; `acknowledged` is cut in half where there is no true reply to cut.
    """
    if name.startswith("status_"):
        return WireReply(status=int(name.removeprefix("status_")), body=HTML, content_type="text/html")
    if name in _REDIRECTS:
        target = "/" + elsewhere.split("/", 3)[-1] if name == "redirect_same_host" else elsewhere
        return WireReply(status=_REDIRECTS[name], body=b"", headers={"Location": target}, content_type="text/html")
    if name == "body_huge":
        return WireReply(body=_huge())
    if name == "body_cut":
        true_body = whole.body if whole is not None else acknowledged
        return WireReply(body=true_body[: max(1, len(true_body) // 2)])
    return WireReply(body=_BODIES[name], content_type="text/html" if name == "body_html" else "application/json")


def page_not_found() -> WireReply:
    """404 with a web page, for a path nobody serves."""
    return WireReply(status=404, body=_NOT_FOUND, content_type="text/html")
