"""How Ballast runs: when it looks, where it remembers, where people look, how venues are called."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from bot.settings.fields import Address, Host, Seconds, SecondsOrZero, Table, is_loopback


class Schedule(Table):
    """When `ballast run` looks."""

    cycle_every_s: Seconds = Field(default=30, description="Seconds from one cycle to the next.")
    cron: str | None = Field(default=None, description='Cron expression in UTC instead, for example "*/5 * * * *".')
    margin_every_s: SecondsOrZero = Field(
        default=5,
        description="Seconds between two short looks at the margin while waiting; a worse one starts a cycle at once. "
        "0: never.",
    )
    jitter_s: SecondsOrZero = Field(default=0, description="Up to this much random delay before each cycle.")

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if self.cron is None:
            return self
        if "cycle_every_s" in self.model_fields_set:
            raise ValueError(
                f'cycle_every_s ({self.cycle_every_s:g}) and cron ("{self.cron}") exclude each other; keep one'
            )
        from datetime import UTC, datetime  # noqa: PLC0415 - only profiles with a cron expression pay for the parser

        from cronsim import CronSim, CronSimError  # noqa: PLC0415

        try:
            CronSim(self.cron, datetime.now(UTC))
        except CronSimError as error:
            raise ValueError(
                f'cron "{self.cron}" is not a cron expression ({error}); for example "*/5 * * * *"'
            ) from None
        return self


class Journal(Table):
    """Where Ballast remembers what it did."""

    path: Path = Field(default=Path("state/ballast.db"), description="SQLite file; its directory must be writable.")
    records_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=3,
        description="Days for which the record of every cycle is kept; older ones are thinned to one an hour.",
    )
    hourly_records_days: Annotated[int, Field(ge=1, le=36500)] = Field(
        default=400,
        description="Days for which those are kept. What was sent, its cycle's record and events are never let go.",
    )

    free_space_min_mb: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=64,
        description="With less room on its disk (MB) no short grows; reductions and protection go on. 0: never look.",
    )

    @model_validator(mode="after")
    def _thinned_later(self) -> Self:
        if self.hourly_records_days < self.records_days:
            raise ValueError(
                f"hourly_records_days ({self.hourly_records_days}) must not be less than "
                f"records_days ({self.records_days})"
            )
        return self


class Watch(Table):
    """Where you look."""

    page: bool = Field(default=True, description="Whether `ballast run` serves the status page, metrics and health.")
    listen: Address = Field(default="127.0.0.1:8787", description="Address of the status page and metrics.")
    open_to_network: bool = Field(
        default=False,
        description="Allow a listen address that other machines reach; the page has no password.",
    )
    hosts: tuple[Host, ...] = Field(
        default=(), description="Names of this machine under which the page may be asked for, besides its addresses."
    )
    alerts: tuple[SecretStr, ...] = Field(default=(), description="Apprise URLs; environment or .env only.")
    alert_details: bool = Field(
        default=False, description="Whether alerts carry reasons with amounts and prices; else only what happened."
    )
    alert_unavailable_after_s: SecondsOrZero = Field(
        default=600, description="Alert when no cycle could see the account for so long."
    )
    alert_unsettled_after_s: SecondsOrZero = Field(
        default=300, description="Alert when it is unknown for so long what became of an order."
    )

    @model_validator(mode="after")
    def _network_is_meant(self) -> Self:
        if not self.open_to_network and not is_loopback(self.listen):
            raise ValueError(
                f'listen "{self.listen}" can be reached from other machines, and the page has no password; use an '
                'address of this machine such as "127.0.0.1:8787", or set open_to_network = true on purpose'
            )
        return self


class Network(Table):
    """How venues are called."""

    timeout_s: Annotated[Seconds, Field(le=120)] = Field(default=10, description="Patience with one request.")
    calls_per_s: Annotated[Seconds, Field(le=100)] = Field(
        default=10, description="Most requests per second and account."
    )
    ipv6: bool = Field(
        default=False,
        description="Whether venues may be reached over IPv6 too; a key tied to an IPv4 address is refused from there.",
    )
