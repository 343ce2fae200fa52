"""What MEXC tells of its contracts and keys in words no other venue has: risk tiers by volume, rights by name.

Sources as in `mexc`. Read 2026-11-25.
"""

from collections.abc import Mapping
from decimal import Decimal

from bot.domain.account import KeyRights
from bot.exchange import strict
from bot.exchange.strict import Row, Unreadable


def tiers(info: Row, unit: Decimal, mark_price: Decimal) -> list[dict[str, object]]:
    """Maintenance tiers of one contract, out of its row in the list of contracts, by value at this mark price.

    Either a ladder of its own (riskLimitMode CUSTOM), or steps of one size. Tiers are counted in contracts, unless
    riskLimitType says BY_VALUE. ccxt reads steps only, and takes contracts for money. Raises: Unreadable.
    """
    worth = Decimal(1) if info.get("riskLimitType") == "BY_VALUE" else unit * mark_price
    found: list[dict[str, object]] = []
    floor = Decimal(0)
    for volume, rate, leverage in _ladder(info):
        cap = volume * worth
        row = {"minNotional": floor, "maxNotional": cap, "maintenanceMarginRate": rate, "maxLeverage": leverage}
        found.append({name: str(value) for name, value in row.items()})
        floor = cap
    return found


LEVELS_MAX = 1000


def _ladder(info: Row) -> list[tuple[Decimal, Decimal, Decimal]]:
    custom = info.get("riskLimitCustom")
    if isinstance(custom, list) and custom:
        return sorted(
            (strict.positive(row, "maxVol"), strict.positive(row, "mmr"), strict.positive(row, "maxLeverage"))
            for row in strict.rows(custom)
        )
    first, step = strict.positive(info, "riskBaseVol"), strict.not_negative(info, "riskIncrVol")
    rate, rate_step = strict.positive(info, "maintenanceMarginRate"), strict.not_negative(info, "riskIncrMmr")
    initial, initial_step = strict.positive(info, "initialMarginRate"), strict.not_negative(info, "riskIncrImr")
    levels = int(strict.positive(info, "riskLevelLimit")) if step else 1
    if levels > LEVELS_MAX:
        raise Unreadable(f"a ladder of {levels} levels")
    return [
        (first + level * step, rate + level * rate_step, Decimal(int(1 / (initial + level * initial_step))))
        for level in range(levels)
    ]


def rights(reply: object) -> KeyRights:
    """GET /api/v3/apiKeyInfo: the rights of a key by name, and the addresses it is bound to. Raises: Unreadable."""
    row = strict.row(reply)
    told = row.get("permissions")
    if not isinstance(told, str) or not isinstance(row, Mapping):
        raise Unreadable("the rights of the key are missing")
    if row.get("status") != "VALID":
        raise Unreadable(f"the key is {str(row.get('status'))[:20]}")
    named = {word.strip() for word in told.split(",")}
    return KeyRights(
        read={"SPOT_ACCOUNT_READ", "CONTRACT_DEAL_READ"} <= named,
        trade_futures="CONTRACT_DEAL_WRITE" in named,
        transfer="SPOT_TRANSFER_WRITE" in named,
        withdraw=any("WITHDRAW" in word and word.endswith("WRITE") for word in named),
        ip_restricted=bool(row.get("ipWhiteList")),
    )
