"""Logs tell what happened and never a secret."""

import json
from typing import Any

import pytest

from bot.logs import HIDDEN, Redactor, configure_logs, logger, redacted

SECRET = "canary-4f9d/+="


@pytest.fixture(autouse=True)
def _forget_secrets() -> Any:
    yield
    configure_logs()


def failing() -> Exception:
    """An exception whose cause carries a signed address and a key."""
    try:
        try:
            raise ValueError(f"GET /fapi/v1/order?symbol=X&signature=abcdef012345 {SECRET}")
        except ValueError as cause:
            raise RuntimeError(f"call failed with {SECRET}") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("form", ["console", "json"])
def test_secret_is_hidden_wherever_it_stands(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the event, in facts, nested, as a key, in an exception and its causes, and quoted for an address."""
    configure_logs(form=form, secrets=[SECRET])
    local = SECRET
    logger().error(
        "order.failed",
        note=f"a {SECRET} b",
        nested={"deep": [SECRET, {SECRET: 1}], "headers": {"X-MBX-APIKEY": "abc-header"}},
        url="https://x/?key=canary-4f9d%2F%2B%3D&apiKey=visible1",
        error=failing(),
        exc_info=failing(),
    )
    said = capsys.readouterr()
    assert said.out == ""
    assert "order.failed" in said.err
    assert HIDDEN in said.err
    for hidden in (local, "canary", "abcdef012345", "abc-header", "visible1"):
        assert hidden not in said.err


def test_json_logs_are_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Machines read one JSON object per line, with a UTC time and the level."""
    configure_logs(form="json", level="info")
    logger().debug("too.small")
    logger().info("cycle.recorded", cycle="c1", orders=2)
    row = json.loads(capsys.readouterr().err)
    assert (row["event"], row["level"], row["cycle"], row["orders"]) == ("cycle.recorded", "info", "c1", 2)
    assert row["timestamp"].endswith("Z")


def test_exception_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """Local variables may hold anything; only places and words are shown."""
    configure_logs(form="json")
    password_by_another_name = "canary-local"
    try:
        raise ValueError(len(password_by_another_name))
    except ValueError:
        logger().exception("step.failed")
    assert "canary-local" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["signature=abc123", "apiKey: abc123", '"api_secret": "abc123"', "X-MBX-APIKEY=abc123", "OK-ACCESS-SIGN: abc123"],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    """Signatures and headers of venues are hidden also when they are not ours."""
    assert "abc123" not in Redactor().text(f"before {text} after")
    assert "after" in Redactor().text(f"before {text} after")


def test_sentences_for_people_are_redacted() -> None:
    """What is printed on the terminal passes the same filter."""
    configure_logs(secrets=[SECRET])
    assert SECRET not in redacted(f"wrong key {SECRET}")
