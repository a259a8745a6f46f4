"""The configuration file: its text as a tree, the sections in it, and the values that a run takes from it."""
