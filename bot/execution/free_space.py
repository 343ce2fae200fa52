"""Whether the disk has room for what must be written down before something is sent."""

import shutil
from pathlib import Path

MEGABYTE = 1_000_000


def cramped(folder: Path, least_mb: int) -> str | None:
    """Why no short may grow for want of room, None when there is enough or nobody wants to know."""
    if least_mb == 0:
        return None
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"the room on the disk of {folder} cannot be told ({error.strerror}), so no short grows"
    if free >= least_mb * MEGABYTE:
        return None
    return (
        f"the disk of {folder} has {free / MEGABYTE:.0f} MB left, {least_mb} are wanted (journal.free_space_min_mb): "
        "what is sent must be written down first, so no short grows until there is room"
    )
