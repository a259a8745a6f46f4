"""Tools to play the action against the simulated Azure: scenarios as dicts, the files of a run, and the code of all
sweeps.
"""
