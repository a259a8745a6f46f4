"""Reads `hooks` and `probes` of a scenario from YAML, with the keys that scenarios/README.md lists."""

import json
from typing import Any
from urllib.parse import urlsplit

from azure_simulator.scenario.fault_reading import read_window
from azure_simulator.scenario.section import Section
from azure_simulator.scenario.web.answers import FAILURES, Hooks, Phase, Probe, ScriptedAnswer

RECEIVER = "https://hooks.example.com"
DECISIONS = ("wait", "skip", "stop")


def read_hooks(root: Section) -> Hooks | None:
    """Read `hooks`; None where there is no receiver."""
    if not root.has("hooks"):
        return None
    section = root.section("hooks")
    origin = section.text("origin", RECEIVER)
    parts = urlsplit(origin)
    if parts.scheme != "https" or origin != f"https://{parts.netloc}":
        raise section.problem("origin", f"must be https://HOST or https://HOST:PORT, but is {origin!r}")
    hooks = Hooks(origin, tuple(_read_hook_answer(entry) for entry in section.sections("answers")))
    section.finish()
    return hooks


def read_probes(root: Section) -> tuple[Probe, ...]:
    """Read `probes`."""
    probes = []
    for entry in root.sections("probes"):
        answers = tuple(_read_answer(each) for each in entry.sections("answers"))
        probes.append(Probe(entry.text("address"), entry.flag("balanced", True), answers))
        entry.finish()
    return tuple(probes)


def _read_hook_answer(entry: Section) -> ScriptedAnswer:
    phase: Phase | None = None
    if entry.has("phase"):
        phase = "before" if entry.choice("phase", ("before", "after")) == "before" else "after"
    batch = entry.whole("batch") if entry.has("batch") else None
    return _read_answer(entry, phase=phase, batch=batch, polls=entry.whole("polls", 0))


def _read_answer(entry: Section, **of_hook: Any) -> ScriptedAnswer:
    fails = entry.choice("fails", FAILURES) if entry.has("fails") else None
    headers = entry.section("headers")
    answer = ScriptedAnswer(
        status=entry.whole("status", 200),
        body=_read_body(entry) * entry.whole("body_times", 1),
        headers=tuple((name, headers.text(name)) for name in headers.names()),
        slow=entry.number("slow", 0.0),
        fails=next((each for each in FAILURES if each == fails), None),
        nth=entry.whole("nth", 1),
        count=entry.whole("count") if entry.has("count") else None,
        during=read_window(entry),
        **of_hook,
    )
    entry.finish()
    return answer


def _read_body(entry: Section) -> bytes:
    """Read `body`, a text sent as it is or a mapping sent as JSON, or the shorthand `decision`."""
    if entry.has("decision"):
        decision: dict[str, Any] = {"decision": entry.choice("decision", DECISIONS)}
        if entry.has("reason"):
            decision["reason"] = entry.text("reason")
        if entry.has("retry_after"):
            decision["retry-after"] = entry.whole("retry_after")
        if entry.has("instances"):
            decision["instances"] = entry.list_of("instances", str)
        return json.dumps(decision).encode()
    body = entry.raw("body")
    if isinstance(body, dict):
        return json.dumps(body).encode()
    return entry.text("body", "{}").encode("utf-8", "surrogateescape")
