"""Brokers that system tests need: absent, a test skips with a reason on a developer's machine and fails in CI."""

import os

import pytest

from simulators.broker import Kind, mosquitto_path, nats_path


def need(kind: Kind) -> None:
    if (mosquitto_path() if kind == "mosquitto" else nats_path()) is not None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{kind} is not installed: ./hub test installs it")
    pytest.skip(f"{kind} is not installed")
