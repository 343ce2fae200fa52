"""From the settings of a policy to its rules."""

from datetime import datetime
from decimal import Decimal

from bot.domain.errors import ConfigurationError
from bot.domain.instrument import quantized
from bot.policy.adjust_conviction import Conviction
from bot.policy.adjust_funding import FundingBudget, FundingCare, FundingTilt
from bot.policy.adjust_volatility import VolatilityTarget
from bot.policy.contracts import CarryTerms
from bot.policy.estimators.band import AVERSION, COST_MAJORS, band_weight
from bot.policy.estimators.carry import RollWindow
from bot.policy.estimators.volatility_target import Hysteresis
from bot.policy.expiry_roll import ExpiryRoll
from bot.policy.measured import VolatilityRule
from bot.policy.pace import Band
from bot.policy.pace_edges import CostEdges
from bot.policy.pace_timing import ProfileTiming
from bot.policy.place import Direct
from bot.policy.place_proxy import ProxyBeta, ProxyEstimate, ProxyGates
from bot.policy.policy import AdjustRule, PaceRule, PlaceRule, Policy, SizeRule
from bot.policy.scene import recalled_from_json
from bot.policy.size import Allocation, Review, StaticRatio
from bot.policy.size_minimum_variance import CovarianceRule, MinimumVariance
from bot.settings import Settings, adjustments, rules
from bot.settings.rolling import ExpiryRoll as ExpiryRollSettings

ZERO, ONE = Decimal(0), Decimal(1)


def make_policy(settings: Settings) -> Policy:
    """The four slots as the user filled them."""
    size, place = settings.policy.size, settings.policy.place
    anchors: frozenset[str] = frozenset()
    stand_in_max = ZERO
    if isinstance(size, rules.MinimumVariance):
        anchors, stand_in_max = frozenset(size.instruments), ONE
    if isinstance(place, rules.ProxyBeta):
        anchors, stand_in_max = frozenset(place.proxies), place.beta_max
    placing = _place(settings)
    return Policy(
        quote=settings.portfolio.quote,
        stablecoins=frozenset(settings.portfolio.stablecoins),
        leverage_cap=settings.risk.leverage_cap,
        size=_size(settings),
        adjust=tuple(_adjust(settings, row) for row in settings.policy.adjust),
        place=placing,
        roll=placing if isinstance(placing, ExpiryRoll) else None,
        pace=_pace(settings),
        excluded=frozenset(size.exclude),
        anchors=anchors,
        stand_in_max=stand_in_max,
    )


def refuse_late_convictions(settings: Settings, recalled: str | None, now: datetime) -> None:
    """A date that is past was a slip, unless the conviction was in force and ran out: then it has ended by itself.

    Raises: ConfigurationError; nothing was touched.
    """
    known = recalled_from_json(recalled)
    for row in settings.policy.adjust:
        if not isinstance(row, adjustments.Conviction) or row.until > now:
            continue
        rule = _adjust(settings, row)
        if isinstance(rule, Conviction) and rule.key not in known:
            raise ConfigurationError(
                f"[[policy.adjust]] conviction: until ({row.until:%Y-%m-%d %H:%M} UTC) is past, now it is "
                f"{now:%Y-%m-%d %H:%M} UTC, so your word would never have counted. Nothing was touched. Give a later "
                "date, or take the conviction out."
            )


def _size(settings: Settings) -> SizeRule:
    size, risk = settings.policy.size, settings.risk
    overrides: dict[str, Decimal] = dict(size.overrides)
    excluded = frozenset(size.exclude)
    if isinstance(size, rules.StaticRatio):
        return StaticRatio(ratio=size.ratio, leverage_cap=risk.leverage_cap, overrides=overrides, excluded=excluded)
    if isinstance(size, rules.MinimumVariance):
        return MinimumVariance(
            instruments=size.instruments,
            fallback=StaticRatio(ratio=size.fallback_ratio, leverage_cap=risk.leverage_cap, excluded=excluded),
            leverage_cap=risk.leverage_cap,
            hedge=size.hedge,
            cap_total=min(size.cap_total, risk.hedge_ratio_max),
            caps=dict(size.caps),
            covariance=CovarianceRule(
                shrunk=size.estimator == "ledoit-wolf", days=size.days, days_min=size.days_min, decay=float(size.decay)
            ),
        )
    return Allocation(
        crypto_max=size.crypto_max,
        leverage_cap=risk.leverage_cap,
        ratio_max=risk.hedge_ratio_max,
        overrides=overrides,
        excluded=excluded,
        review=_review(size),
    )


def _review(size: rules.Allocation) -> Review | None:
    """When an allocation is looked at again; the band that costs least unless the user named one."""
    if size.review == "continuous":
        return None
    if size.band is not None:
        return Review(band=size.band)
    return Review(band=quantized(band_weight(float(size.crypto_max), COST_MAJORS, AVERSION), places=6))


def _adjust(
    settings: Settings, row: adjustments.Volatility | adjustments.Funding | adjustments.Conviction
) -> AdjustRule:
    ratio_max = settings.risk.hedge_ratio_max
    if isinstance(row, adjustments.Conviction):
        return Conviction(
            ratio=row.ratio,
            until=row.until,
            ratio_max=ratio_max,
            assets=frozenset(row.assets),
            at_least=row.how == "at-least",
        )
    if isinstance(row, adjustments.Funding):
        return FundingCare(
            ratio_max=ratio_max,
            tilt=FundingTilt(slope=row.tilt_slope, limit=row.tilt_max),
            budget=FundingBudget(
                per_year=row.budget_per_year,
                notional_per_year=row.budget_amount_per_year,
                shrink=row.past_budget == "shrink",
                days=row.days,
            ),
            floor=row.floor,
        )
    return VolatilityTarget(
        target=row.target,
        floor=row.floor,
        ceiling=min(row.ceiling, ratio_max),
        measure=VolatilityRule(
            decay=float(row.decay),
            bars_min=row.days_min,
            ranges=row.estimator == "parkinson",
            floor=float(row.volatility_floor),
            implied_weight=float(row.implied_weight),
        ),
        hysteresis=Hysteresis(band=float(row.band), confirm_down=row.confirm_down, step=float(row.step)),
    )


def _place(settings: Settings) -> PlaceRule:
    place, venue = settings.policy.place, settings.hedge_venue.id
    if isinstance(place, rules.ProxyBeta):
        return ProxyBeta(
            venue=venue,
            ratio_max=settings.risk.hedge_ratio_max,
            proxies=place.proxies,
            own_first=place.prefer == "own",
            gates=ProxyGates(
                open=float(place.r_squared_open), warn=float(place.r_squared_warn), drop=float(place.r_squared_drop)
            ),
            estimate=ProxyEstimate(
                days=place.days,
                days_min=place.days_min,
                prior=float(place.prior),
                prior_deviation=float(place.prior_deviation),
                beta_max=place.beta_max,
            ),
            caps=dict(place.caps),
        )
    if isinstance(place, ExpiryRollSettings):
        return ExpiryRoll(
            venue=venue,
            terms=CarryTerms(
                horizon_days=float(place.horizon_days),
                perpetual_cost_bps=float(place.perpetual_cost_bps),
                dated_cost_bps=float(place.dated_cost_bps),
                roll_cost_bps=float(place.roll_cost_bps),
                tenor_min_days=float(place.tenor_min_days),
                rest_days=float(place.rest_days),
            ),
            window=RollWindow(
                start_days=float(place.roll_from_days),
                deadline_days=float(place.roll_by_days),
                cost_max_bps=float(place.roll_cost_max_bps),
            ),
            gap_max=place.gap_max,
        )
    return Direct(venue=venue)


def _pace(settings: Settings) -> PaceRule:
    pace, size = settings.policy.pace, settings.policy.size
    reviewed = isinstance(size, rules.Allocation) and size.review != "continuous"
    edges = CostEdges(
        aim="target" if reviewed else pace.aim,  # a review is a scheduled trade: all the way
        aversion=float(pace.risk_aversion),
        target_weight=float(size.crypto_max) if isinstance(size, rules.Allocation) else None,
        cost=pace.trading_cost,
    )
    timing = ProfileTiming(wait_max_h=pace.timing_wait_max_h, window_days=pace.timing_window_days)
    return Band(
        outer=pace.band_outer,
        inner=pace.band_inner,
        hedge_ratio_max=settings.risk.hedge_ratio_max,
        cooldown_s=pace.cooldown_s,
        edge_rule=edges if pace.band == "cost" else None,
        trade_share_min=pace.trade_share_min,
        sustained_s=pace.sustained_s,
        sustained_bypass=pace.sustained_bypass,
        timing=timing if pace.timing == "volume-profile" else None,
    )
