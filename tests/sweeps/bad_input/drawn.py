"""Draws the cases: a. by inputs, b. by altered answers, c. by names, d. by errors, e. by addresses, f. by endless
answers, and by all of these together.
"""

from __future__ import annotations

from hypothesis import strategies as st

from sweeps.bad_input.case import Case
from sweeps.bad_input.drawn_addresses import by_addresses
from sweeps.bad_input.drawn_answers import altered_answers, altered_names, errors, renamings
from sweeps.bad_input.drawn_endless import by_endless
from sweeps.bad_input.drawn_inputs import environs, inputs
from sweeps.bad_input.hostile_text import texts
from sweeps.bad_input.worlds import WORLDS

# The first looks like one of Entra's; the second contains characters special to Markdown, the runner and regular
# expressions.
SECRETS = ("Zq8~Q9kLm_no.pQrStUvWxYz-0123456789ab", "p|pe<b>~_*secret*_%0A$\\1+(x)##[y]")

_worlds = st.sampled_from(sorted(WORLDS))
_secrets = st.sampled_from(("", "", *SECRETS))
_hostile_secrets = texts.map(lambda text: f"Sx9~{text}~k2Lw8")  # no part of it appears elsewhere by chance
_debugged = st.sampled_from(({}, {}, {"RUNNER_DEBUG": "1"}))

by_inputs = st.builds(
    Case, world=_worlds, inputs=inputs, environ=environs, secret=st.one_of(_secrets, _hostile_secrets)
)
by_answers = st.builds(Case, world=_worlds, secret=_secrets, environ=_debugged, alterations=altered_answers)
by_names = st.one_of(
    st.builds(Case, world=_worlds, renamed=renamings),
    st.builds(Case, world=_worlds, alterations=altered_names),
)
by_errors = st.builds(Case, world=_worlds, secret=_secrets, environ=_debugged, alterations=errors)

_SHORT = (by_inputs, by_answers, by_answers, by_names, by_errors, by_errors, by_addresses, by_addresses)
# Endless answers take ten times as long as others.
cases: st.SearchStrategy[Case] = st.one_of(*_SHORT, *_SHORT, by_endless)
