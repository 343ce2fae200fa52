"""Every setting with its one default; `docs/configuration.md` is printed from here."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.domain.account import MarginMode
from bot.domain.instrument import MarketKind
from bot.settings.fields import (
    AmountByAsset,
    Asset,
    Assets,
    LoopbackAddress,
    Name,
    NotNegative,
    Positive,
    PositiveFraction,
    Seconds,
    SecondsOrZero,
    Spare,
    Table,
    distinct,
    empty,
)
from bot.settings.rules import Policy
from bot.settings.running import Journal, Network, Schedule, Watch
from bot.settings.venues import OFFERS, unsupported

Mode = Literal["dry-run", "testnet", "live"]


class Portfolio(Table):
    """What the portfolio is called and counted in."""

    name: Name = Field(default="portfolio", description="Name in records, logs and pages.")
    quote: Asset = Field(default="USDT", description="Currency everything is valued in.")
    stablecoins: Assets = Field(default=("USDT", "USDC"), description="Assets that count as cash and need no hedge.")

    peg_reference: str = Field(
        default="USDC",
        description="The coin by whose spot price in the quote a quote that is a stablecoin itself is judged; "
        "empty: the quote is taken for 1.",
    )

    @model_validator(mode="after")
    def _quote_is_cash(self) -> Self:
        if self.quote not in self.stablecoins:
            raise ValueError(f'quote "{self.quote}" must be one of stablecoins {list(self.stablecoins)}')
        return self


class Holding(Table):
    """Coins no exchange can see."""

    asset: Asset = Field(description="What is owned.")
    amount: Positive = Field(description="How much of it, in coins.")
    label: Name = Field(default="elsewhere", description="Where it is, in your words.")


class Venue(Table):
    """One exchange account."""

    id: str = Field(description="ccxt id of the exchange.")
    role: Annotated[tuple[Literal["spot", "hedge"], ...], Field(min_length=1)] = Field(
        default=("spot", "hedge"), description="spot: balances are counted; hedge: shorts live here."
    )
    market: MarketKind = Field(default=MarketKind.LINEAR_PERPETUAL, description="Kind of futures that carry the short.")
    markets: Annotated[tuple[MarketKind, ...], AfterValidator(distinct)] = Field(
        default=(),
        description="Several kinds instead of one, the preferred first; for expiry-roll: perpetuals and dated futures.",
    )
    margin_mode: MarginMode = Field(default=MarginMode.CROSS, description="How collateral is shared between shorts.")
    account: Name | None = Field(
        default=None,
        description="Your name for this account; live trading is confirmed with it. Default: portfolio.name.",
    )
    label: Name | None = Field(default=None, description="Name of the venue in tables and reasons. Default: its id.")
    transfers: bool = Field(default=True, description="Whether spot stablecoins may be moved to the futures margin.")
    coin_transfers: bool = Field(
        default=False,
        description="Whether spot coins may be moved to the coin-margined wallet; they stay coins, but leave spot.",
    )
    sandbox: Literal["demo", "testnet"] | None = Field(
        default=None,
        description='Which sandbox mode "testnet" uses where there are two: Bybit has "demo" (default) and "testnet".',
    )
    localnet: LoopbackAddress | None = Field(
        default=None, description="Only for the local testnet: every host of the venue is answered at this address."
    )
    api_key: SecretStr | None = Field(default=None, description="Environment or .env only.")
    api_secret: SecretStr | None = Field(default=None, description="Environment or .env only.")
    api_passphrase: SecretStr | None = Field(default=None, description="Environment or .env only, where a venue asks.")

    @property
    def kinds(self) -> tuple[MarketKind, ...]:
        """The kinds of futures that may carry a short, the preferred first."""
        return self.markets or (self.market,)

    @property
    def inverse(self) -> bool:
        """Whether shorts are held in coin-margined contracts."""
        return MarketKind.INVERSE_PERPETUAL in self.kinds

    @property
    def tops_up(self) -> bool:
        """Whether collateral may be moved in from spot: stablecoins, or the coins themselves on an inverse market."""
        return OFFERS[self.id].transfers and (self.coin_transfers if self.inverse else self.transfers)

    def place(self, mode: str) -> str:
        """Which world an account of this entry is from: the local testnet, a sandbox by its name, or the mode."""
        if self.localnet:
            return "localnet"
        usual = OFFERS[self.id].sandboxes[:1]
        return self.sandbox or "".join(usual) if mode == "testnet" else mode

    @property
    def counts_spot(self) -> bool:
        """Whether its spot balances are part of the holdings."""
        return "spot" in self.role

    @property
    def hedges(self) -> bool:
        """Whether shorts live here."""
        return "hedge" in self.role

    @property
    def has_keys(self) -> bool:
        """Whether private calls are possible."""
        return self.api_key is not None and self.api_secret is not None

    @model_validator(mode="after")
    def _can_be_served(self) -> Self:
        if self.id not in OFFERS:
            raise ValueError(unsupported(self.id))
        if self.markets and "market" in self.model_fields_set:
            raise ValueError(f'market ("{self.market.value}") and markets exclude each other; keep markets')
        if MarketKind.SPOT in self.kinds:
            raise ValueError(
                'market "spot" carries no short; use "linear-perpetual", "linear-future" or "inverse-perpetual"'
            )
        strange = [kind.value for kind in self.kinds if kind not in OFFERS[self.id].kinds]
        if strange:
            known = ", ".join(sorted(kind.value for kind in OFFERS[self.id].kinds))
            raise ValueError(f'market "{strange[0]}" is not available for {self.id} in this version; use {known}')
        if MarketKind.INVERSE_PERPETUAL in self.kinds and len(self.kinds) > 1:
            raise ValueError(
                'markets mixes "inverse-perpetual" with linear kinds, but their collateral differs (coins there, '
                "the quote currency here); list either the one or the others"
            )
        if len(set(self.role)) != len(self.role):
            raise ValueError(f"role {list(self.role)} names the same role twice")
        if (self.api_key is None) != (self.api_secret is None):
            raise ValueError(f"api_key and api_secret belong together; set {_names_of_keys(self.id)}, or neither")
        if self.has_keys and OFFERS[self.id].passphrase and self.api_passphrase is None:
            raise ValueError(
                f"keys of {self.id} have three parts; set BALLAST_VENUES__{self.id.upper()}__API_PASSPHRASE in the "
                "environment or .env too"
            )
        return self

    @model_validator(mode="after")
    def _is_offered(self) -> Self:
        sandboxes = OFFERS[self.id].sandboxes
        if self.sandbox is not None and self.sandbox not in sandboxes:
            offered = " or ".join(f'"{name}"' for name in sandboxes) or "none"
            raise ValueError(f'sandbox "{self.sandbox}" does not exist at {self.id}; it has {offered}')
        wished = "coin_transfers" if self.coin_transfers else "transfers" if self.transfers else ""
        if wished in self.model_fields_set and not OFFERS[self.id].transfers:
            raise ValueError(
                f"{wished} = true, but Ballast cannot move collateral at {self.id}: what carries the shorts must lie "
                "there already; leave the key out"
            )
        return self


def _names_of_keys(venue: str) -> str:
    prefix = f"BALLAST_VENUES__{venue.upper()}__"
    return f"{prefix}API_KEY and {prefix}API_SECRET in the environment or .env"


class DryRun(Table):
    """What a dry run begins with, where no key reads real balances."""

    balances: AmountByAsset = Field(
        default={"BTC": Decimal("0.5"), "ETH": Decimal(5), "USDT": Decimal(30000)},
        description="Coins on the simulated spot wallet of the hedge venue; changes are paid in or out.",
    )
    taker_fee: Annotated[NotNegative, Field(le=Decimal("0.01"))] = Field(
        default=Decimal("0.0005"), description="Fee of simulated orders, as a fraction of what is traded."
    )


class Risk(Table):
    """What no rule may exceed."""

    leverage_cap: Annotated[Positive, Field(le=20)] = Field(
        default=Decimal(2), description="Largest effective leverage: short notional over margin equity. 1 to 3."
    )
    leverage_cap_override: bool = Field(default=False, description="Allow a leverage_cap outside 1 to 3.")
    response_days: Annotated[Seconds, Field(le=90)] | None = Field(
        default=None,
        description="How long more collateral really takes to arrive; lowers the leverage cap. Default: 1 with "
        "transfers from spot, 3 without.",
    )
    liquidations_per_year_max: Annotated[Positive, Field(le=Decimal("0.5"))] = Field(
        default=Decimal("0.01"),
        description="How often a short at the cap may be liquidated (0.01: once in a hundred years); lowers the cap.",
    )
    liquidation_distance_min: Annotated[PositiveFraction, Field(lt=1)] = Field(
        default=Decimal("0.30"), description="Protect a short when its liquidation price is nearer than this fraction."
    )
    hedge_ratio_max: PositiveFraction = Field(default=Decimal(1), description="No short above this share of holdings.")
    order_notional_max: Positive = Field(default=Decimal(25000), description="Largest single order, in quote currency.")
    order_notional_per_hour_max: Positive = Field(
        default=Decimal(250000), description="Most traded within an hour, in quote currency."
    )
    orders_per_hour_max: Annotated[int, Field(gt=0, le=1000)] = Field(
        default=30, description="Most orders within an hour."
    )
    refused_cycles_max: Annotated[int, Field(gt=0)] = Field(
        default=10, description="Halt when an order was refused or never arrived in this many cycles in a row."
    )
    runaway_hours_max: Seconds = Field(
        default=3, description="Halt when orders_per_hour_max was hit again and again for this many hours."
    )
    slippage_max: Annotated[PositiveFraction, Field(le=Decimal("0.05"))] = Field(
        default=Decimal("0.003"), description="Limit price this fraction from mark at worst."
    )
    index_distance_max: PositiveFraction = Field(
        default=Decimal("0.03"), description="No short grows while mark and index are further apart than this fraction."
    )
    expiry_cutoff_h: SecondsOrZero = Field(
        default=24, description="Hours before the expiry of a future in which nothing new is opened in it."
    )
    symbols_allowed: tuple[Name, ...] = Field(
        default=(), description='Only markets in which a short may grow, for example ["BTC/USDT:USDT"]; empty: all.'
    )
    transit_max_s: SecondsOrZero = Field(
        default=3600,
        description="How long coins that left without a sale may be on their way: their hedge is not made smaller "
        "meanwhile. 0: never.",
    )
    book_share_max: PositiveFraction = Field(
        default=Decimal("0.25"), description="Share of the visible depth one order may take."
    )
    collateral_buffer: Spare = Field(
        default=Decimal("0.10"),
        description="Margin kept beyond what the leverage cap asks, as a fraction of it; at least 0.05.",
    )
    spot_reserve: NotNegative = Field(default=Decimal(0), description="Stablecoins on spot that are never moved.")
    price_age_max_s: Seconds = Field(default=30, description="Older prices count as missing.")
    balance_jump_max: Positive | None = Field(
        default=Decimal("0.5"), description="A balance that changes by more than this fraction is not believed at once."
    )

    @model_validator(mode="after")
    def _cap_is_modest(self) -> Self:
        if not 1 <= self.leverage_cap <= 3 and not self.leverage_cap_override:
            raise ValueError(
                f"leverage_cap ({self.leverage_cap}) must be from 1 to 3; "
                "to go outside on purpose set leverage_cap_override = true"
            )
        return self


def _no_holding_twice(rows: tuple[Holding, ...]) -> tuple[Holding, ...]:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.asset, row.label) in seen:
            raise ValueError(
                f'{row.asset} labelled "{row.label}" is listed twice; add the amounts or give another label'
            )
        seen.add((row.asset, row.label))
    return rows


def _no_venue_twice(rows: tuple[Venue, ...]) -> tuple[Venue, ...]:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise ValueError(f'id "{row.id}" is listed twice; one [[venues]] entry per exchange')
        seen.add(row.id)
    return rows


class Settings(Table):
    """Everything the user decided; profiles and environment are read by `load_settings`, in one known order."""

    mode: Mode = Field(
        default="dry-run",
        description="dry-run simulates the account and sends nothing; testnet rehearses; live trades.",
    )
    live_confirmation: str | None = Field(
        default=None,
        description="Must equal the hedge venue's account before live trading (or --confirm-live ACCOUNT).",
    )
    portfolio: Portfolio = empty()
    holdings: Annotated[tuple[Holding, ...], AfterValidator(_no_holding_twice)] = Field(default=())
    venues: Annotated[tuple[Venue, ...], AfterValidator(_no_venue_twice)] = Field(default=())
    policy: Policy = empty()
    risk: Risk = empty()
    dry_run: DryRun = empty()
    schedule: Schedule = empty()
    journal: Journal = empty()
    watch: Watch = empty()
    network: Network = empty()

    @property
    def hedge_venue(self) -> Venue:
        """The venue where shorts live."""
        return next(venue for venue in self.venues if venue.hedges)

    def account_of(self, venue: Venue) -> str:
        """The name the user gave an account; the portfolio's name when he gave none."""
        return venue.account or self.portfolio.name

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that was loaded, for the redactor of the logs and for nothing else."""
        keys = [key for row in self.venues for key in (row.api_key, row.api_secret, row.api_passphrase) if key]
        return tuple(secret.get_secret_value() for secret in (*keys, *self.watch.alerts))
