"""Requests for what stands beside the set: commands in guests, autoscale settings and locks."""
