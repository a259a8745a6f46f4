"""HTTPS to services outside Azure: the receiver of hooks, and what a probe asks."""
