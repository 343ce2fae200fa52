"""What counts as an answer of a venue."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.exchange.envelope import (
    ANYTHING,
    Expected,
    NotAnAnswer,
    OldAnswer,
    Shape,
    VenueSaid,
    check_age,
    checked,
    printable,
)

SUCCESS = frozenset({"0", "200"})
AN_OBJECT = Expected(shape=Shape.OBJECT, keys=("orderId",))
NOT_ANSWERS = ["", "  ", "null", '"text"', "1", "true", "<html>502</html>", '{"orderId":1', "[{]", "NaN", '{"a":NaN}']
NOT_ANSWERS += ['{"a":Infinity}', '{"a":-Infinity}', "[" * 100_000]


def check(text: str, status: int = 200, expected: Expected = ANYTHING) -> object:
    return checked(status, text, expected=expected, success_codes=SUCCESS).parsed


@pytest.mark.parametrize("text", NOT_ANSWERS)
def test_rubbish_with_status_200_is_not_an_answer(text: str) -> None:
    """Empty, HTML, null, cut and NaN bodies never become a value."""
    with pytest.raises(NotAnAnswer):
        check(text)


@pytest.mark.parametrize("status", [301, 404, 500, 502, 524, 599])
def test_a_status_outside_2xx_is_not_an_answer_whatever_the_body(status: int) -> None:
    """524 and its like are unknown to ccxt's status table; the body cannot redeem them."""
    with pytest.raises(NotAnAnswer):
        check('{"orderId":1}', status)


@pytest.mark.parametrize("text", ["[]", "[{}]", "{}", '{"id":1}'])
def test_a_reply_of_another_shape_is_not_an_answer(text: str) -> None:
    """A list, or an object without the documented key, does not pass for an order."""
    with pytest.raises(NotAnAnswer):
        check(text, expected=AN_OBJECT)


def test_every_row_of_a_list_needs_the_documented_keys() -> None:
    """One damaged row spoils the list."""
    expected = Expected(shape=Shape.LIST, keys=("symbol",))
    assert check('[{"symbol":"A"}]', expected=expected) == [{"symbol": "A"}]
    with pytest.raises(NotAnAnswer):
        check('[{"symbol":"A"},{}]', expected=expected)


def test_two_rows_for_one_market_are_not_an_answer() -> None:
    """Whoever keeps the last of them would trade a coin at the price of another."""
    expected = Expected(once_at="data.symbol")
    assert check('{"data":[{"symbol":"A"},{"symbol":"B"}]}', expected=expected)
    assert check('{"data":{"symbol":"A"}}', expected=expected)
    with pytest.raises(NotAnAnswer, match="two rows for A"):
        check('{"data":[{"symbol":"A"},{"symbol":"B"},{"symbol":"A"}]}', expected=expected)
    with pytest.raises(NotAnAnswer, match="two rows for A"):
        check('[{"symbol":"A"},{"symbol":"A"}]', expected=Expected(once_at="symbol"))


def test_an_answer_written_long_ago_is_not_the_answer() -> None:
    """A reply kept on the way shows an account as it was."""
    expected, written = Expected(written_at="time"), datetime(2026, 3, 2, tzinfo=UTC)
    text = json.dumps({"time": str(int(written.timestamp() * 1000))})
    body = checked(200, text, expected=expected, success_codes=SUCCESS)
    check_age(body, expected, written + timedelta(seconds=29))
    check_age(body, expected, written - timedelta(days=1))
    check_age(body, ANYTHING, written + timedelta(days=1))
    with pytest.raises(OldAnswer, match="60 s ago"):
        check_age(body, expected, written + timedelta(seconds=60))


@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_error_code_of_the_venue_is_told_with_its_status(status: int) -> None:
    """The exact code is what later decides, also when it comes with status 200."""
    with pytest.raises(VenueSaid) as caught:
        check('{"code":-2019,"msg":"Margin is\\n insufficient."}', status)
    assert (caught.value.code, caught.value.status, caught.value.message) == (
        "-2019",
        status,
        "Margin is insufficient.",
    )


def test_a_success_code_is_an_answer() -> None:
    """{"code": 200} is how Binance acknowledges a margin mode."""
    assert check('{"code":200,"msg":"success"}') == {"code": 200, "msg": "success"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_passes_is_a_finite_object_or_list(value: object) -> None:
    """Nothing that passes can hold a NaN, and nothing else than a container passes."""
    text = json.dumps(value)
    try:
        parsed = check(text)
    except (NotAnAnswer, VenueSaid):
        return
    assert isinstance(parsed, dict | list)
    assert "NaN" not in json.dumps(parsed) or "NaN" in text


@given(st.text())
def test_words_of_a_venue_are_cut_to_one_harmless_line(text: str) -> None:
    """No control character and no page of HTML reaches a log."""
    line = printable(text)
    assert len(line) <= 200
    assert line.isprintable()


def test_an_answer_to_another_question_is_no_empty_list() -> None:
    """A balance in place of positions, or no list where rows are due, never means that there are none."""
    expected = Expected(shape=Shape.OBJECT, keys=("code",), list_at="data.orders")
    for text in ('{"code": 0, "data": []}', '{"code": 0, "data": {"balances": []}}', '{"code": 0, "data": null}'):
        with pytest.raises(NotAnAnswer, match=r"list at data\.orders"):
            checked(200, text, expected=expected, success_codes=frozenset({"0"}))
    checked(200, '{"code": 0, "data": {"orders": []}}', expected=expected, success_codes=frozenset({"0"}))


def test_an_answer_must_say_whose_it_is_where_the_venue_does() -> None:
    """The answer about one wallet is none about another."""
    expected = Expected(says=("result.accountType", "FUND"))
    check('{"result":{"accountType":"FUND","balance":[]}}', expected=expected)
    for other in ('{"result":{"list":[{"accountType":"UNIFIED"}]}}', '{"result":{"accountType":"UNIFIED"}}', "[]"):
        with pytest.raises(NotAnAnswer, match="FUND"):
            check(other, expected=expected)


def test_a_reply_without_what_would_be_kept_for_long_is_not_an_answer() -> None:
    """A word that is missing is read by ccxt as its default, and never asked for again."""
    expected = Expected(holds=("result.uta", "result.permissions"))
    check('{"result":{"uta":0,"permissions":{}}}', expected=expected)
    for other in ('{"result":{"uta":1}}', '{"result":{"list":[]}}', '{"result":{"uta":null,"permissions":{}}}'):
        with pytest.raises(NotAnAnswer, match="without result"):
            check(other, expected=expected)
