"""GS1's published schema of EPCIS 2.0 documents, which stands beside a checkout and not in it."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import fastjsonschema
import pytest

SCHEMA: Final = Path(__file__).resolve().parents[2] / "shared/data/epcis/schema/EPCIS-JSON-Schema.json"


def need_schema() -> None:
    """Skips the test where the schema is missing; where CI runs it fails."""
    if SCHEMA.exists():
        return
    what = "the EPCIS schema is not there (shared/data/epcis beside the checkout)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs this test to run: {what}")
    pytest.skip(what)


@cache
def schema_check() -> Callable[[Any], Any]:
    """With formats checked: without them `banana` is a time and any word a step. Raises JsonSchemaException."""
    check: Callable[[Any], Any] = fastjsonschema.compile(json.loads(SCHEMA.read_text()))
    return check
