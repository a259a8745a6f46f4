"""Decisions about hooks, draining, surge and probes, and the proof that nothing was down."""
