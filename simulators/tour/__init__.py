"""`hub demo --tour`: seven things that go wrong at a hub, one after the other, on the running practice hub."""
