"""The replay of a run: a page made from its JSON record alone."""
