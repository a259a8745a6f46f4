"""f. Endless answers: lists, bodies, waits, operations, and circular redirects."""

from dataclasses import replace

from hypothesis import strategies as st

from sweeps.bad_input.case import Alteration, Case
from sweeps.bad_input.drawn_answers import routes, worlds
from sweeps.bad_input.endless import BODIES

_SOON = ("0.0001", "0", "-1", "1e-9", "0.5", "")


@st.composite
def _lists(draw: st.DrawFn) -> list[Alteration]:
    route = draw(st.sampled_from(("instances", "instances", "permissions", "image")))
    further = draw(st.sampled_from(("{self}", "{self}&page={number}", "{self}&page={number}#{number}")))
    emptied = [Alteration(route, "empty-list", key="value")] if draw(st.booleans()) else []
    return [*emptied, Alteration(route, "link", text=further)]


@st.composite
def _bodies(draw: st.DrawFn) -> list[Alteration]:
    kind = draw(st.sampled_from((*BODIES, "trickle", "trickle")))
    # only one: even 64 MiB take time to read
    number = draw(st.sampled_from((0, 1)))
    made = [Alteration(draw(routes), kind, first=number, last=1_000_000 if kind == "trickle" else number)]
    if draw(st.integers(0, 3)) == 0:
        made.append(replace(made[0], how="status", status=draw(st.sampled_from((401, 404, 409, 503)))))
    return made


@st.composite
def _waits(draw: st.DrawFn) -> list[Alteration]:
    route, soon = draw(routes), draw(st.sampled_from(_SOON))
    name = draw(st.sampled_from(("retry-after", "retry-after-ms", "x-ms-retry-after-ms")))
    status = draw(st.sampled_from((429, 503, 500, 408, 504)))
    refused = Alteration(route, "error", key="arm", code="ServerBusy", status=status)
    return [refused, Alteration(route, "header", key=name, text=soon)]


@st.composite
def _operations(draw: st.DrawFn) -> list[Alteration]:
    """Draw an operation that never ends, polled as often as the answer says."""
    soon = Alteration("poll", "header", key="retry-after", text=draw(st.sampled_from(_SOON)))
    never = Alteration("poll", "text", key="status", text=draw(st.sampled_from(("InProgress", "Updating", "x"))))
    accepted = [Alteration("poll", "status", status=202), Alteration("poll", "header", key="location", text="{self}")]
    return [*(accepted if draw(st.booleans()) else []), never, soon]


@st.composite
def _circles(draw: st.DrawFn) -> list[Alteration]:
    route, status = draw(routes), draw(st.sampled_from((301, 302, 303, 307, 308)))
    there = draw(st.sampled_from(("{self}", "{self}&page={number}", "?again={number}")))
    return [Alteration(route, "status", status=status), Alteration(route, "header", key="location", text=there)]


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    made = draw(st.one_of(_lists(), _bodies(), _waits(), _operations(), _circles()))
    first = draw(st.sampled_from((0, 1, 3)))  # the first endless answer
    later = tuple(each if each.how in BODIES or each.last == 0 else replace(each, first=first) for each in made)
    return Case(world=draw(worlds), alterations=later)


by_endless = _cases()
