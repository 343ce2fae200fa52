"""The image and the way it is run, against the checklist; read as text, for no engine runs in these tests."""

import fnmatch
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    """Instructions: without comments, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", "\n".join(row for row in text.splitlines() if not row.lstrip().startswith("#")))
    return [row.strip() for row in joined.splitlines() if row.strip()]


def settings_of(block: str) -> list[str]:
    """What stands below one key of the service, as words."""
    found = re.search(rf"^    {block}:(?P<same>[^\n]*)\n(?P<below>(?:      .*\n)*)", COMPOSE, re.MULTILINE)
    assert found is not None, f"{block} is missing in compose.yaml"
    below = [row.strip().removeprefix("- ") for row in found["below"].splitlines()]
    return [found["same"].strip()] if found["same"].strip() else below


def test_the_image_runs_as_nobody_in_particular() -> None:
    """A numbered user without a shell, set before anything runs; the files of the program are not its own."""
    rows = lines(DOCKERFILE)
    assert "USER 10001" in rows
    assert rows.index("USER 10001") < next(place for place, row in enumerate(rows) if row.startswith("ENTRYPOINT"))
    assert any("useradd" in row and "nologin" in row for row in rows)
    assert not any("--chown" in row for row in rows if row.startswith("COPY"))
    assert settings_of("user") == ['"10001:10001"']


def test_no_secret_and_no_tool_of_the_build_is_in_a_layer() -> None:
    """Keys come at run time; nothing is fetched past the locks; the base can be pinned where it is built."""
    rows = lines(DOCKERFILE)
    assert not any(re.search(r"API_KEY|API_SECRET|PASSPHRASE|\.env", row) for row in rows)
    assert not any(word in row for row in rows for word in ("curl", "wget", "ADD ", "apt-get", "sudo"))
    assert [row for row in rows if row.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert rows[0].startswith("ARG BASE=python:3.11-slim")


def test_what_the_image_copies_is_let_into_the_build_and_keys_are_not() -> None:
    """A file the build needs and does not get fails it; a file it gets and does not need may hold a key."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignore[0] == "*"
    let_in = [row[1:] for row in ignore if row.startswith("!")]
    for row in lines(DOCKERFILE):
        if row.startswith("COPY") and "--from" not in row:
            for source in row.split()[1:-1]:
                assert source.removeprefix("./") in let_in, source
                assert (ROOT / source).exists()
    assert not any(fnmatch.fnmatch(".env", pattern) for pattern in let_in)
    assert "**/.env" in ignore[ignore.index("!config") :]


def test_the_health_check_cannot_trade() -> None:
    """It reads the journal."""
    (check,) = (row for row in lines(DOCKERFILE) if row.startswith("HEALTHCHECK"))
    assert "ballast status --healthy" in check
    assert not re.search(r"ballast (run|once|flatten|resume|pause|demo)", check)


def test_the_container_can_do_little_and_write_little() -> None:
    """Nothing to gain inside: no capability, no new privilege, no disk but its state, no engine's socket."""
    assert settings_of("read_only") == ["true"]
    assert settings_of("cap_drop") == ["ALL"]
    assert settings_of("security_opt") == ["no-new-privileges:true"]
    (scratch,) = settings_of("tmpfs")
    assert scratch.startswith("/tmp:")  # noqa: S108 - read, not written
    assert {"noexec", "nosuid", "nodev"} <= set(scratch.partition(":")[2].split(","))
    assert all(row.endswith(":ro") or row == "ballast-state:/data/state" for row in settings_of("volumes"))
    assert "docker.sock" not in COMPOSE
    for unwanted in ("privileged", "network_mode", "pid:", "ipc:", "cap_add", "devices", "ports"):
        assert not re.search(rf"^\s+{unwanted}", COMPOSE, re.MULTILINE), unwanted


def test_the_container_is_bounded_and_given_time_to_end() -> None:
    """Memory, processors, processes, handles, logs, core files; a cycle in progress may finish."""
    for bound in ("pids_limit", "mem_limit", "memswap_limit", "cpus"):
        assert settings_of(bound)
    assert "core: 0" in settings_of("ulimits")
    assert any(row.startswith("max-size") for row in settings_of("logging"))
    assert int(settings_of("stop_grace_period")[0].removesuffix("s")) >= 60
    assert settings_of("init") == ["true"]
