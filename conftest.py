"""Fixtures of the whole workspace: the servers that tests run on."""

from importlib.util import find_spec

pytest_plugins = ["tests.support.report", "tests.support.postgres"]
if find_spec("tests.support.kafka"):
    pytest_plugins.append("tests.support.kafka")
