"""What is wrong between the rules of a policy, or between them and the limits, though each is right by itself."""

from collections.abc import Iterator
from decimal import Decimal

from bot.settings.adjustments import Conviction, Funding, Volatility
from bot.settings.model import Settings
from bot.settings.rules import MinimumVariance, ProxyBeta, StaticRatio


def wrong_rules(settings: Settings) -> list[str]:
    """Every contradiction in a sentence."""
    return [*_above_the_limit(settings), *_twice(settings), *_convictions(settings), *_places(settings)]


def _ratios(settings: Settings) -> Iterator[tuple[str, Decimal]]:
    size = settings.policy.size
    for asset, ratio in size.overrides.items():
        yield f"[policy.size] overrides.{asset}", ratio
    if isinstance(size, StaticRatio):
        yield "[policy.size] ratio", size.ratio
    if isinstance(size, MinimumVariance):
        yield "[policy.size] fallback_ratio", size.fallback_ratio
    for row in settings.policy.adjust:
        if isinstance(row, Conviction):
            yield "[[policy.adjust]] conviction: ratio", row.ratio
        else:
            yield f"[[policy.adjust]] {row.rule}: floor", row.floor


def _above_the_limit(settings: Settings) -> list[str]:
    limit = settings.risk.hedge_ratio_max
    return [
        f"{key} ({ratio}) is above [risk] hedge_ratio_max ({limit})"
        for key, ratio in _ratios(settings)
        if ratio > limit
    ]


def _twice(settings: Settings) -> list[str]:
    rules = [row.rule for row in settings.policy.adjust]
    return [
        f'[[policy.adjust]] rule "{name}" is listed twice; keep one'
        for name in ("volatility", "funding")
        if rules.count(name) > 1
    ]


def _convictions(settings: Settings) -> list[str]:
    problems: list[str] = []
    taken: set[str] = set()
    for row in settings.policy.adjust:
        if not isinstance(row, Conviction):
            continue
        mine = set(row.assets) or {"every asset"}
        twice = (
            mine & taken or (taken if "every asset" in mine else set()) or (mine if "every asset" in taken else set())
        )
        if twice:
            problems.append(
                f"[[policy.adjust]] conviction: two of them speak about {', '.join(sorted(twice))}; keep one"
            )
        taken |= mine
        problems += [
            f"[[policy.adjust]] conviction: assets names {asset}, which is {why}"
            for asset in row.assets
            for why in _never_hedged(settings, asset)
        ]
    return problems


def _never_hedged(settings: Settings, asset: str) -> list[str]:
    why = []
    if asset in settings.policy.size.exclude:
        why.append("in [policy.size] exclude and never hedged")
    if asset in settings.portfolio.stablecoins:
        why.append("one of [portfolio] stablecoins and never hedged")
    return why


def _places(settings: Settings) -> list[str]:
    size, place = settings.policy.size, settings.policy.place
    problems: list[str] = []
    placing: str = place.rule
    if isinstance(size, MinimumVariance) and isinstance(place, ProxyBeta):
        problems.append(
            '[policy.size] rule "minimum-variance" chooses its instruments itself and contradicts [policy.place] rule '
            '"proxy-beta"; use "direct" there'
        )
    names = {"proxies": place.proxies} if isinstance(place, ProxyBeta) else {}
    problems += [
        f"[policy.place] {key} names {asset}, which is in [policy.size] exclude"
        for key, assets in names.items()
        for asset in assets
        if asset in size.exclude
    ]
    for row in settings.policy.adjust:
        if isinstance(row, Funding) and row.past_budget == "shift" and placing != "expiry-roll":
            problems.append(
                '[[policy.adjust]] funding: past_budget = "shift" needs [policy.place] rule = "expiry-roll", which '
                f'alone can change to a dated future; now it is "{placing}"'
            )
        if (
            isinstance(row, Volatility)
            and row.ceiling > settings.risk.hedge_ratio_max
            and "ceiling" in row.model_fields_set
        ):
            problems.append(
                f"[[policy.adjust]] volatility: ceiling ({row.ceiling}) is above [risk] hedge_ratio_max "
                f"({settings.risk.hedge_ratio_max})"
            )
    return problems
