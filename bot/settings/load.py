"""Read profiles and environment, merge them, check the whole. The environment wins over .env, .env over profiles."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from bot.domain.errors import ConfigurationError
from bot.domain.instrument import MarketKind
from bot.settings.contradictions import wrong_rules
from bot.settings.model import Settings, Venue
from bot.settings.problems import configuration_error, sentences
from bot.settings.venues import OFFERS, unwanted_key, without_orders, without_sandbox

PREFIX = "BALLAST_"
NESTED = "__"
OF_THE_COMMAND_LINE = frozenset({"CONFIG", "LOG_LEVEL", "LOG_FORMAT"})
SECRET_KEYS = ("api_key", "api_secret", "api_passphrase")
LOCALNET_MARK = "localnet"
LOCALNET_PASSPHRASE = "localnet-passphrase"  # noqa: S105 - opens play money on this machine only
LOCALNET_KEYS = {"api_key": "localnet-key", "api_secret": "localnet-secret"}


def load_settings(
    paths: Sequence[Path],
    *,
    confirm_live: str | None = None,
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = Path(".env"),
) -> Settings:
    """Merge profiles (later wins) with .env and the environment and check the result.

    Raises: ConfigurationError listing every problem found, each with its key and a hint.
    """
    raw: dict[str, Any] = {}
    for path in paths:
        _merge(raw, _profile(path))
    variables = {**_env_file(env_file), **_own(os.environ if environ is None else environ)}
    problems = [*_secrets_in_profile(raw), *_unknown_variables(variables)]
    problems += _overlay(raw, _environment(variables))
    if confirm_live is not None:
        raw["live_confirmation"] = confirm_live
    _localnet_keys(raw)
    try:
        settings = Settings(**raw)
    except ValidationError as error:
        raise configuration_error([*problems, *sentences(error, raw)]) from None
    if not (paths or settings.venues or problems):
        raise ConfigurationError(
            "There is no profile: give one with --config FILE or BALLAST_CONFIG, or write ./ballast.toml. Nothing was "
            "touched. `ballast demo` and `ballast localnet --write-config FILE` need none."
        )
    problems += contradictions(settings)
    if problems:
        raise configuration_error(problems)
    return settings


def contradictions(settings: Settings) -> list[str]:
    """What is wrong between tables that are right by themselves."""
    return [*_wrong_hedges(settings), *wrong_rules(settings), *_wrong_mode(settings)]


def _wrong_hedges(settings: Settings) -> list[str]:
    problems = []
    size, cash = settings.policy.size, settings.portfolio.stablecoins
    problems += [
        f"[policy.size] overrides names {asset}, which is one of [portfolio] stablecoins and is never hedged"
        for asset in size.overrides
        if asset in cash
    ]
    hedging = [venue.id for venue in settings.venues if venue.hedges]
    if not hedging:
        problems.append('[[venues]] one venue must have "hedge" in its role, where the shorts live; none has it')
    elif len(hedging) > 1:
        problems.append(
            f'[[venues]] only one venue may have "hedge" in its role, where the shorts live; {", ".join(hedging)} have '
            'it. Keep it at one and set role = ["spot"] at the others: their coins are hedged there all the same. To '
            "short at two venues, write two profiles, each with its own journal and its own share of the coins"
        )
    return problems


def _wrong_mode(settings: Settings) -> list[str]:
    problems: list[str] = []
    for venue in settings.venues:
        if settings.mode != "dry-run" and (unsent := without_orders(venue.id, settings.mode)):
            problems.append(unsent)
        elif venue.has_keys and (unwanted := unwanted_key(venue.id)):
            problems.append(unwanted)
        elif venue.localnet and settings.mode == "live":
            problems.append(
                f'[[venues]] {venue.id}: localnet ("{venue.localnet}") together with mode "live"; '
                'the local testnet is rehearsed with mode = "testnet"'
            )
        elif settings.mode == "testnet" and not venue.localnet and (lacking := without_sandbox(venue.id)):
            problems.append(lacking)
        elif not venue.has_keys and settings.mode != "dry-run":
            problems.append(_keys_missing(venue, settings.mode))
        simulated = settings.mode == "dry-run" and venue.hedges
        if simulated and venue.kinds != (MarketKind.LINEAR_PERPETUAL,):
            kinds = ", ".join(kind.value for kind in venue.kinds)
            problems.append(
                f'[[venues]] {venue.id}: a dry run simulates "linear-perpetual" markets only, not {kinds}; rehearse '
                "these on the local testnet (`ballast localnet`)"
            )
        problems += _misplaced(settings, venue) if venue.hedges else []
        if settings.mode == "live" and venue.hedges:
            problems += _unconfirmed(settings, venue)
    return problems


def _misplaced(settings: Settings, venue: Venue) -> list[str]:
    """A future ends and must be rolled; whoever rolls needs one."""
    dated, rolls = MarketKind.LINEAR_FUTURE in venue.kinds, settings.policy.place.rule == "expiry-roll"
    if dated and not rolls:
        return [
            f'[[venues]] {venue.id}: "linear-future" ends on its day and "{settings.policy.place.rule}" would let it; '
            'set [policy.place] rule = "expiry-roll"'
        ]
    if rolls and not dated:
        return [
            f'[policy.place] rule "expiry-roll" needs dated futures at {venue.id}: '
            'set markets = ["linear-perpetual", "linear-future"]'
        ]
    return []


def _keys_missing(venue: Venue, mode: str) -> str:
    prefix = f"{PREFIX}VENUES__{venue.id.upper()}__"
    way = (
        "use a key without withdrawal right"
        if mode == "live"
        else "use keys of the venue's testnet, or rehearse without any on the local testnet (`ballast localnet`)"
    )
    return (
        f'[[venues]] {venue.id}: mode "{mode}" needs {prefix}API_KEY and {prefix}API_SECRET in the environment; {way}'
    )


def _unconfirmed(settings: Settings, venue: Venue) -> list[str]:
    account = settings.account_of(venue)
    if settings.live_confirmation == account:
        return []
    given = "is missing" if settings.live_confirmation is None else f'is "{settings.live_confirmation}"'
    return [
        f'live_confirmation {given}; mode "live" trades real money in the account you call "{account}": '
        f'confirm it with live_confirmation = "{account}" or --confirm-live "{account}"'
    ]


def _profile(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"profile {path} does not exist; give an existing file with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigurationError(f"profile {path} cannot be read: {reason}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"profile {path} is not valid TOML: {error}. Nothing was touched.") from None


def _env_file(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - only where there is such a file

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{path} cannot be read; it must be UTF-8 text that you may read") from None
    return _own({name: value for name, value in values.items() if value is not None})


def _own(variables: Mapping[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in variables.items() if name.upper().startswith(PREFIX) and value != ""}


def _environment(variables: Mapping[str, str]) -> dict[str, Any]:
    if all(name.removeprefix(PREFIX) in OF_THE_COMMAND_LINE for name in variables):
        return {}
    # a tenth of a start; paid only where the environment has something to say
    from pydantic_settings import BaseSettings, EnvSettingsSource  # noqa: PLC0415
    from pydantic_settings.exceptions import SettingsError  # noqa: PLC0415

    fields = cast("type[BaseSettings]", Settings)
    source = EnvSettingsSource(fields, env_prefix=PREFIX, env_nested_delimiter=NESTED)
    source.env_vars = {name.lower(): value for name, value in variables.items()}
    try:
        return source()
    except SettingsError as error:
        field = str(error).split('"')[1] if '"' in str(error) else "?"
        raise ConfigurationError(
            f'{PREFIX}{field.upper()}... is not valid: tables and lists must be JSON, for example ["USDT", "USDC"]'
        ) from None


def _unknown_variables(variables: Mapping[str, str]) -> list[str]:
    problems = []
    fields = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in variables:
        head = name.split(NESTED)[0]
        if head in fields or head.removeprefix(PREFIX) in OF_THE_COMMAND_LINE:
            continue
        near = get_close_matches(head, fields, n=1)
        hint = f"did you mean {near[0]}{name.removeprefix(head)}?" if near else "remove it from the environment or .env"
        problems.append(f"{name} is not a setting; {hint}")
    return problems


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Lay a profile over another: tables merge, everything else, lists of tables included, is replaced."""
    for key, value in above.items():
        present = below.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping) and not _other_rule(present, value):
            _merge(present, value)
        else:
            below[key] = value


def _other_rule(below: Mapping[str, Any], above: Mapping[str, Any]) -> bool:
    """Whether another rule takes the slot; the parameters of the former then go with it."""
    return "rule" in above and "rule" in below and above["rule"] != below["rule"]


def _overlay(raw: dict[str, Any], environment: dict[str, Any]) -> list[str]:
    """Lay the environment over the profiles; venues are found by their id."""
    by_id = environment.pop("venues", {})
    _merge(raw, environment)
    rows = raw.get("venues", [])
    if not isinstance(by_id, dict) or not isinstance(rows, list):
        return [f"{PREFIX}VENUES must name a venue, for example {PREFIX}VENUES__BINANCE__API_KEY"] if by_id else []
    problems = []
    for name, values in by_id.items():
        matching = [row for row in rows if isinstance(row, dict) and row.get("id") == name]
        for row in matching:
            row.update(_for_this_world(row, values if isinstance(values, dict) else {}))
        if not matching and name not in OFFERS:
            near = get_close_matches(name, OFFERS, n=1)
            hint = f"did you mean {PREFIX}VENUES__{near[0].upper()}?" if near else "no [[venues]] entry has this id"
            problems.append(f"{PREFIX}VENUES__{name.upper()} belongs to no venue; {hint}")
    return problems


def _for_this_world(row: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave a real key out where the venue is the local testnet: a simulator is never given one."""
    simulated = "localnet" in row or "localnet" in values
    return {
        key: value
        for key, value in values.items()
        if not (simulated and key in SECRET_KEYS and not str(value).startswith(LOCALNET_MARK))
    }


def _secrets_in_profile(raw: Mapping[str, Any]) -> list[str]:
    """Find secrets in files, where they would be copied and committed, and take them out of what is validated."""
    problems = []
    rows = raw.get("venues")
    for row in rows if isinstance(rows, list) else []:
        for key in SECRET_KEYS if isinstance(row, dict) else ():
            if key in row and not (row.get("localnet") and str(row[key]).startswith(LOCALNET_MARK)):
                del row[key]
                variable = f"{PREFIX}VENUES__{str(row.get('id', 'ID')).upper()}__{key.upper()}"
                problems.append(
                    f"[[venues]] {key} must not stand in a profile; set {variable} in the environment or .env"
                )
    watch = raw.get("watch")
    if isinstance(watch, dict) and watch.get("alerts"):
        del watch["alerts"]
        problems.append(
            f"[watch] alerts must not stand in a profile, such addresses carry passwords; set {PREFIX}WATCH__ALERTS "
            "in the environment or .env"
        )
    return problems


def _localnet_keys(raw: Mapping[str, Any]) -> None:
    """Give the local testnet its well-known keys where the profile names none; a dry run needs none."""
    if raw.get("mode", Settings.model_fields["mode"].default) == "dry-run":
        return
    rows = raw.get("venues")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("localnet"):
            row.update({key: value for key, value in LOCALNET_KEYS.items() if key not in row})
            offer = OFFERS.get(str(row.get("id")))
            if offer is not None and offer.passphrase:
                row.setdefault("api_passphrase", LOCALNET_PASSPHRASE)
