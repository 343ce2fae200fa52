"""Which answers the judge takes for true although a fault wrote them: none that says anything that is not so."""

import pytest

from tests.soak.by_chance import ToldEmpty, true_by_chance
from tests.soak.evidence import Request
from tests.soak.market import START
from tests.soak.speech import understood

ROW_OF_ZERO = b'[{"symbol":"BTCUSDT","side":"SHORT","size":"0"}]'
BALANCE = b'[{"asset":"USDT","balance":"80846.2","availableBalance":"80846.2"}]'


def asked_weex(path: str) -> Request:
    return Request(
        number=0, ledger=0, at=START, life=1, cycle=0, method="GET", path=path,
        asked=understood("weex", "GET", path, "", ""), rows=(), stopped=(), host="", departed_at=START,
    )  # fmt: skip


POSITIONS = asked_weex("/capi/v3/account/position/allPosition")


def test_an_empty_list_of_another_question_tells_a_flat_account_the_truth_about_its_positions() -> None:
    """Rows of size zero, which the venue would have sent, say the same."""
    assert true_by_chance(POSITIONS, "swapped_reply", b"[]", flat=True)
    assert true_by_chance(asked_weex("/capi/v3/openOrders"), "swapped_reply", b"[]", flat=False)


@pytest.mark.parametrize(
    ("seen", "body", "flat"),
    [
        (POSITIONS, b"[]", False),
        (POSITIONS, BALANCE, True),
        (POSITIONS, ROW_OF_ZERO, False),
        (POSITIONS, b'{"code":"0","data":[]}', True),
        (asked_weex("/capi/v3/account/balance"), b"[]", True),
        (asked_weex("/capi/v3/account/symbolConfig"), b"[]", True),
        (asked_weex("/capi/v3/openOrders"), ROW_OF_ZERO, True),
    ],
)
def test_no_other_answer_of_another_question_is_true(seen: Request, body: bytes, flat: bool) -> None:
    """An account that holds a position, a reply with something in it, another question: each stays a lie."""
    assert not true_by_chance(seen, "swapped_reply", body, flat=flat)


COLLATERAL = asked_weex("/capi/v3/account/balance")


def test_no_rows_of_collateral_tell_the_truth_about_an_account_that_has_none() -> None:
    """Rows of zero, which the venue would have sent, say the same."""
    assert true_by_chance(COLLATERAL, "empty_balances", b"[]", flat=True, bare=True)


@pytest.mark.parametrize(
    ("seen", "struck", "bare"),
    [
        (COLLATERAL, "empty_balances", False),
        (COLLATERAL, "nan_balances", True),
        (asked_weex("/api/v3/account/"), "empty_balances", True),
    ],
)
def test_no_other_answer_about_money_is_true_by_chance(seen: Request, struck: str, bare: bool) -> None:
    """Collateral that is there, an amount that cannot be read, the wallet of coins: each stays a lie."""
    assert not true_by_chance(seen, struck, b"[]", flat=True, bare=bare)


@pytest.mark.parametrize(
    ("known", "told", "excused"),
    [
        (True, [(1, True), (2, True)], True),
        (True, [(2, True), (2, True)], False),
        (False, [(2, True), (2, True)], True),
        (False, [(2, True), (2, False), (2, True)], False),
        (True, [(1, True), (2, False), (3, True)], False),
    ],
)
def test_a_wallet_told_empty_is_excused_the_second_time_running(
    known: bool, told: list[tuple[int, bool]], excused: bool
) -> None:
    """In two cycles; in one only where no look was whole before, so that nothing is known that it would contradict."""
    emptiness = ToldEmpty()
    assert [emptiness.running("wallet", cycle, empty=empty, known=known) for cycle, empty in told][-1] is excused
