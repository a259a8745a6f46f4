"""Bad input: whole runs of the action on hostile inputs, answers, names, errors and addresses.

A `Case` says all of one run; `drawn` draws it, `player` plays it, `judge` says what is wrong with what it left behind.
The sample plays 400 cases, the same every time; `python -m sweeps.bad_input` as many as asked for.
"""
