"""Fixtures of the whole workspace: the servers that tests run on."""

import gc
from importlib.util import find_spec

pytest_plugins = ["tests.support.report", "tests.support.postgres"]
if find_spec("tests.support.kafka"):
    pytest_plugins.append("tests.support.kafka")


def pytest_collection_finish() -> None:
    """What was collected stays until the end; the garbage collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
