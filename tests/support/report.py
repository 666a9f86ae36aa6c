"""One line per server that the tests ran on, shown in the summary and collected for `make test`."""

import os
from pathlib import Path

import pytest

LINES: pytest.StashKey[dict[str, str]] = pytest.StashKey()


def announce(config: pytest.Config, what: str, how: str) -> None:
    """`announce(config, "PostgreSQL", "system 15.18")`: printed once, at the end."""
    config.stash.setdefault(LINES, {})[what] = how
    collected = os.environ.get("GF_TEST_REPORT")
    if collected:
        # Appended in one piece, perhaps more than once: several processes may have the same to say.
        with Path(collected).open("a", encoding="utf-8") as report:
            report.write(f"{what}: {how}\n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for what, how in sorted(config.stash.get(LINES, {}).items()):
        terminalreporter.write_line(f"{what}: {how}")
