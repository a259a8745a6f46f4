"""Bad input: whole runs of the action on hostile inputs, answers, names, errors and addresses.

A `Case` holds everything about one run; `drawn` draws it, `player` plays it, and `judge` finds the problems of its
results. The sample plays the same 400 cases every time; `python -m sweeps.bad_input` plays as many as you ask for.
"""
