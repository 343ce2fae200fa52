"""The invariants of the design, judged on the exchange's own book over seeded fault schedules."""

import pytest

from tests.soak.audit import audit
from tests.soak.runner import run
from tests.soak.schedule import draw

SEEDS = 500
CYCLES = 40
SHARDS = 20


@pytest.mark.parametrize("shard", range(SHARDS))
def test_nothing_that_must_never_happen_happens(shard: int) -> None:
    """Through faults, kills and other people's doings no rule breaks, and in the quiet after them the hedge stands."""
    for seed in range(shard, SEEDS, SHARDS):
        broken = audit(run(draw(seed, CYCLES)))
        assert not broken, "\n".join(str(row) for row in broken[:5])
