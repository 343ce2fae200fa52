"""What the portfolio is worth and how much of it moves with crypto prices, from one snapshot."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.account import ZERO, Wallet
from bot.domain.hedge import Exposure, Need, Target
from bot.domain.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The portfolio as the policy sees it.

    Units: quote currency. `cash` is every stablecoin outside the futures wallet; `margin_equity` is the futures wallet
    with unrealised profit, so the short's profit counts once; `shorts` is the short notional held per asset. Coins
    behind inverse contracts are coins owned, with the profit of the short, and stand among the exposures.
    """

    quote: str
    exposures: tuple[Exposure, ...]
    cash: Decimal
    margin_equity: Decimal
    shorts: dict[str, Decimal]
    unpriced: frozenset[str]
    notes: tuple[str, ...]
    by_asset: dict[str, Exposure] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Rules ask for single exposures many times in a decision, so they are found by name."""
        object.__setattr__(self, "by_asset", {row.asset: row for row in self.exposures})

    @property
    def crypto(self) -> Decimal:
        """Value of everything that is not a stablecoin."""
        return sum((row.notional for row in self.exposures), ZERO)

    @property
    def total(self) -> Decimal:
        """Crypto, cash and margin equity together."""
        return self.crypto + self.cash + self.margin_equity

    def exposure(self, asset: str) -> Exposure | None:
        """The exposure to one asset, None when it is not owned."""
        return self.by_asset.get(asset)

    def protected(self, row: Need | Target) -> Decimal:
        """What a need or target answers for: the value of its asset, or of all assets it stands in for."""
        if row.shares:
            return sum((share.exposure_notional for share in row.shares), ZERO)
        exposure = self.exposure(row.asset)
        return exposure.notional if exposure else ZERO


def value_portfolio(snapshot: Snapshot, *, quote: str, stablecoins: Iterable[str]) -> Portfolio:
    """Add up holdings of all sources at this snapshot's prices.

    An asset without a price is left out and named in the notes: it can neither be valued nor hedged.
    """
    stable = frozenset(stablecoins) | {quote}
    amounts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    sources: dict[str, list[str]] = defaultdict(list)
    for holding in snapshot.holdings:
        amounts[holding.asset] += holding.amount
        if holding.source not in sources[holding.asset]:
            sources[holding.asset].append(holding.source)
    exposures: list[Exposure] = []
    notes: list[str] = []
    unpriced: set[str] = set()
    cash = ZERO
    for asset, amount in sorted(amounts.items()):
        price = snapshot.prices.get(asset)
        if asset != quote and price is None:
            unpriced.add(asset)
            notes.append(f"{amount.normalize():f} {asset} has no price here, so it is neither counted nor hedged")
            continue
        notional = amount * price.price if price else amount
        if asset in stable:
            cash += notional
        elif amount > 0:
            exposures.append(
                Exposure(asset=asset, amount=amount, notional=notional, sources=tuple(sources[asset])),
            )
    exposures.sort(key=lambda row: (-row.notional, row.asset))
    return Portfolio(
        quote=quote,
        exposures=tuple(exposures),
        cash=cash,
        margin_equity=_margin_equity(snapshot, quote),
        shorts=_shorts(snapshot),
        unpriced=frozenset(unpriced),
        notes=tuple(notes),
    )


def _margin_equity(snapshot: Snapshot, quote: str) -> Decimal:
    total = ZERO
    for view in snapshot.venues:
        coins = {row.asset for row in view.balances if row.wallet is Wallet.COIN_FUTURES}
        for margin in view.margins:
            if margin.currency in coins:
                continue  # counted among the holdings
            price = snapshot.prices.get(margin.currency)
            if margin.currency == quote and price is None:
                total += margin.equity
            elif price is not None:
                total += margin.equity * price.price
    return total


def _shorts(snapshot: Snapshot) -> dict[str, Decimal]:
    shorts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for view in snapshot.venues:
        for position in view.positions:
            instrument = view.instrument(position.symbol)
            if instrument is not None:
                shorts[instrument.base] += instrument.notional(position.short_amount, position.mark_price)
    return dict(shorts)
