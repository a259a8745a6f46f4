"""Deterministic simulation: whole rollouts drawn from a seed, judged by the simulator's own state."""
