"""Tools to play the action against the simulated Azure, and the code that all sweeps share."""
