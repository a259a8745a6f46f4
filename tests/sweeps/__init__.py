"""Whole runs of the action in great number, judged by what must be true of every one; `harness` plays them."""
