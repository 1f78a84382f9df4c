"""Scenario files of `hub simulate`, and in `layouts/` the hubs they run; how to write one: docs/scenarios.md."""
