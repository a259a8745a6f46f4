"""The clients of a scale set and its load balancer, as data, and how they are read from YAML."""

from dataclasses import dataclass

from azure_simulator.scenario.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerProbe:
    """A health probe: every `interval` seconds; `threshold` results in a row take an instance out or in.

    The interval is Azure's default (documented, "Azure Load Balancer health probes"), the threshold an assumption.
    """

    interval: float = 5.0
    threshold: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """New connections from clients, each with a request: so many a second, each open for a number of seconds.

    `capacity_per_instance`: how many new ones a second an instance can take; None is enough for all of them. All
    three are assumptions: no source says what an application is like.
    """

    connections_per_second: float
    connection_seconds: tuple[float, float]
    capacity_per_instance: float | None = None


def read_balancer_probe(root: Section) -> BalancerProbe:
    """Read `balancer`."""
    section = root.section("balancer")
    probe = BalancerProbe(interval=section.number("interval", 5.0), threshold=section.whole("threshold", 2))
    if probe.interval < 1 or probe.threshold < 1:
        raise section.problem("", "needs an interval and a threshold of 1 or more")
    section.finish()
    return probe


def read_traffic(root: Section) -> Traffic | None:
    """Read `traffic`; None where nobody measures it."""
    if not root.has("traffic"):
        return None
    section = root.section("traffic")
    traffic = Traffic(
        connections_per_second=section.number("connections_per_second"),
        connection_seconds=section.span("connection_seconds", (1.0, 60.0)),
        capacity_per_instance=section.optional_number("capacity_per_instance"),
    )
    section.finish()
    return traffic
