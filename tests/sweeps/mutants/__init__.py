"""Mutants of the decisions: how many of them the decisions' own tests let live."""
