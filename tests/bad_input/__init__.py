"""Bad input: whole runs of the action on hostile inputs, altered answers of Azure, odd names and leaking errors.

A `Case` says all of one run; `drawn` draws it, `player` plays it, `judge` says what is wrong with what it left behind.
`make test` plays 300 cases, the same every time; `python -m bad_input` as many as asked for.
"""
