"""Draws the cases: a. by inputs, b. by altered answers, c. by names, d. by errors, e. by addresses, f. by endless
answers, and by all of these together.
"""

from __future__ import annotations

from hypothesis import strategies as st

from sweeps.bad_input.case import Case
from sweeps.bad_input.drawn_addresses import by_addresses
from sweeps.bad_input.drawn_answers import SECRETS, altered_answers, altered_names, errors, renamings, worlds
from sweeps.bad_input.drawn_endless import by_endless
from sweeps.bad_input.drawn_inputs import environs, inputs
from sweeps.bad_input.hostile_text import texts

_secrets = st.sampled_from(("", "", *SECRETS))
_hostile_secrets = texts.map(lambda text: f"Sx9~{text}~k2Lw8")  # no part of it appears elsewhere by chance
_debugged = st.sampled_from(({}, {}, {"RUNNER_DEBUG": "1"}))

by_inputs = st.builds(Case, world=worlds, inputs=inputs, environ=environs, secret=st.one_of(_secrets, _hostile_secrets))
by_answers = st.builds(Case, world=worlds, secret=_secrets, environ=_debugged, alterations=altered_answers)
by_names = st.one_of(
    st.builds(Case, world=worlds, renamed=renamings), st.builds(Case, world=worlds, alterations=altered_names)
)
by_errors = st.builds(Case, world=worlds, secret=_secrets, environ=_debugged, alterations=errors)

_SHORT = (by_inputs, by_answers, by_answers, by_names, by_errors, by_errors, by_addresses, by_addresses)
# Endless answers take ten times as long as others.
cases: st.SearchStrategy[Case] = st.one_of(*_SHORT, *_SHORT, by_endless)
