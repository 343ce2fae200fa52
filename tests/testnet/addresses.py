"""A name service of a test: where names lead is its own decision, and it remembers who was asked for."""

import socket
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass(kw_only=True)
class Leading(AbstractResolver):
    """Leads every name to one loopback port; the next `failures` questions are answered by nobody."""

    port: int
    failures: int = 0
    asked: list[str] = field(default_factory=list)
    families: list[int] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port
        self.asked.append(host)
        self.families.append(family)
        if self.failures > 0:
            self.failures -= 1
            raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self.port, family=socket.AF_INET, proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]  # fmt: skip

    async def close(self) -> None:
        return
