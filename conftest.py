"""Fixtures of the whole workspace: the servers that tests run on."""

import gc

pytest_plugins = ["tests.support.policies", "tests.support.report", "tests.support.servers"]

# Collecting makes nothing that could be freed, and looking for it again and again takes a fifth of the time.
gc.disable()


def pytest_collection_finish() -> None:
    """What was collected stays until the end; the garbage collector need not walk it at all."""
    gc.freeze()
    # A test leaves little behind: to look at every 700 new objects takes a twentieth of the time.
    gc.set_threshold(20_000, 20, 100)
    gc.enable()
