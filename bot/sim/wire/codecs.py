"""The languages the local testnet speaks, each loaded only when it is asked for."""

from importlib import import_module

from bot.domain.errors import ConfigurationError
from bot.sim.wire.codec import Codec

# Each module binds its codec to the name CODEC.
_MODULES = {
    "binance": "bot.sim.wire.binance",
    "bybit": "bot.sim.wire.bybit",
    "bingx": "bot.sim.wire.bingx",
    "weex": "bot.sim.wire.weex",
    "mexc": "bot.sim.wire.mexc",
}
SPOKEN = tuple(_MODULES)


def codec(venue: str) -> Codec:
    """The codec of a venue. Raises: ConfigurationError for a venue the local testnet does not speak."""
    module = _MODULES.get(venue)
    if module is None:
        raise ConfigurationError(
            f"The local testnet does not speak {venue!r}; it speaks: {', '.join(SPOKEN)}. Nothing was started."
        )
    found = import_module(module).CODEC
    if not isinstance(found, Codec):
        raise TypeError(f"{module} binds no codec to the name CODEC")
    return found
