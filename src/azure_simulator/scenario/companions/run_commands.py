"""What a scenario says of the operating systems of the instances: how they carry out commands."""

from dataclasses import dataclass

from azure_simulator.scenario.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestBehavior:
    """How instances carry out a command with this argument (None: with any).

    The script exits after `seconds` with `exit_code`, having written `output` and `error`. `never_ends`: it goes on
    until its own timeout, or until the command is deleted. `agent_silent`: the VM agent does not answer, so that no
    script begins. `turns_unhealthy`: a drained instance is unhealthy until `undrain`, or until it is upgraded.
    """

    instance: str = "*"
    argument: str | None = None
    exit_code: int = 0
    output: str = ""
    error: str = ""
    seconds: float = 5.0
    never_ends: bool = False
    agent_silent: bool = False
    turns_unhealthy: bool = False

    def is_for(self, instance_id: str, argument: str) -> bool:
        """Return whether this is how the instance carries out a command with this argument."""
        return self.instance in ("*", instance_id) and self.argument in (None, argument)


USUAL = GuestBehavior()


def read_guest(root: Section) -> tuple[GuestBehavior, ...]:
    """Read `guest`: of several entries that fit a command, the first counts. Instances may be created later."""
    return tuple(_read_behavior(entry) for entry in root.sections("guest"))


def _read_behavior(entry: Section) -> GuestBehavior:
    behavior = GuestBehavior(
        instance=entry.text("instance", "*"),
        argument=entry.optional_text("argument"),
        exit_code=entry.whole("exit_code", 0),
        output=entry.text("output", ""),
        error=entry.text("error", ""),
        seconds=entry.number("seconds", USUAL.seconds),
        never_ends=entry.flag("never_ends", False),
        agent_silent=entry.flag("agent_silent", False),
        turns_unhealthy=entry.flag("turns_unhealthy", False),
    )
    entry.finish()
    return behavior
