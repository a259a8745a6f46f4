"""Watching: what is judged at each look at the instances."""
