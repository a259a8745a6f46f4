"""A scale set described by what the az CLI printed."""
