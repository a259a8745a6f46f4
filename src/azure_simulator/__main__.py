"""`python -m azure_simulator`: list the scenarios, or serve one over HTTPS."""

import argparse
import os
import sys
from pathlib import Path

from azure_simulator.scenario.captured.flags import add_flags
from azure_simulator.scenario.captured.scale_set import with_captured_set
from azure_simulator.scenario.loading import fault_names, load_scenario, scenario_names
from azure_simulator.scenario.scenario import Scenario
from azure_simulator.scenario.section import ScenarioError


def main(arguments: list[str]) -> int:
    """Run the command of these arguments. Return the exit code: 2 when the scenario cannot be served, else 0."""
    given = _parser().parse_args(arguments)
    if given.command == "list":
        return _print_scenarios()
    try:
        scenario = _scenario(given)
    except ScenarioError as error:
        print(f"azure_simulator: {error}", file=sys.stderr)
        return 2
    try:
        # Imported here: `list` does not need trustme, which only the development requirements have.
        from azure_simulator.serving.server import serve
    except ModuleNotFoundError as error:
        if error.name != "trustme":
            raise
        print("azure_simulator: to serve over HTTPS, install trustme (it is in requirements-dev.txt)", file=sys.stderr)
        return 2
    try:
        serve(scenario, given.host, given.port, given.ready_file, given.pace, given.seed)
    except (OSError, OverflowError) as error:
        where = f"{given.host}, port {given.port}"
        print(f"azure_simulator: cannot serve on {where}: {_reason(error)}", file=sys.stderr)
        return 2
    return 0


def _reason(error: Exception) -> str:
    """Return why the server cannot listen, or write its ready file."""
    named = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return f"{getattr(error, 'strerror', None) or error}{named}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m azure_simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the scenarios that ship with the simulator")
    serve = commands.add_parser("serve", help="serve a scenario over HTTPS until SIGTERM")
    serve.add_argument("--scenario", required=True, metavar="NAME_OR_FILE")
    add_flags(serve)
    serve.add_argument("--host", required=True, help="address to listen on; also in the certificate and the URLs")
    serve.add_argument("--port", type=int, required=True, help="0 for any free one")
    serve.add_argument("--ready-file", type=Path, required=True, help="JSON, written when the server listens")
    serve.add_argument("--pace", type=float, default=1.0, help="real seconds that a simulated second takes")
    serve.add_argument("--seed", type=int, default=0)
    return parser


def _scenario(given: argparse.Namespace) -> Scenario:
    scenario = load_scenario(given.scenario)
    if given.model is None and given.instances is None:
        return scenario
    if given.model is None or given.instances is None:
        raise ScenarioError("--model and --instances belong together: give both files or neither")
    return with_captured_set(scenario, given.model, given.instances)


def _print_scenarios() -> int:
    """Print name and description of each. Return the exit code: 1 where the reader went away, as `head` does."""
    names = [*scenario_names(), *fault_names()]
    width = max(len(name) for name in names)
    try:
        for name in names:
            print(f"{name:{width}}  {load_scenario(name).description}")
        sys.stdout.flush()
    except BrokenPipeError:
        # What Python writes at its end would fail as well, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print("azure_simulator: the list was cut off, since nobody reads it any more", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
