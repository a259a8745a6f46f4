"""The assumptions of a build or set-up: locks without addresses, one list of requirements, a small image."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from vmss_upgrade import __version__

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")


def text(name: str) -> str:
    return (PROJECT / name).read_text()


def wanted(name: str) -> set[str]:
    """Return the names that a .in file itself asks for."""
    lines = (re.split("[#;]", line)[0].strip() for line in text(name).splitlines())
    return {normal(line) for line in lines if line and not line.startswith("-r")}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> dict[str, list[str]]:
    """Map each requirement to its lines: first `name==version`, then its hashes and origin."""
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text(name).splitlines():
        if line and not line.startswith((" ", "#")):
            entries[normal(line.split("==")[0])] = current = []
        current.append(line)
    return entries


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_machine(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host|(^|[\s=])/\w", text(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    entries = locked(lock)
    assert entries
    for lines in entries.values():
        assert re.fullmatch(r"[\w.-]+==[\w.!+-]+( ; [^\\]+)? \\", lines[0]), lines[0]
        assert any(re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line) for line in lines[1:]), lines[0]


@pytest.mark.parametrize("lock, source", [(LOCKS[0], "requirements.in"), (LOCKS[1], "requirements-dev.in")])
def test_the_lock_was_made_from_its_source(lock: str, source: str) -> None:
    asked_for = re.compile(rf"-r {re.escape(source)}$")
    from_source = {name for name, lines in locked(lock).items() if any(map(asked_for.search, lines))}
    assert from_source == wanted(source)


def pin_and_hashes(lines: list[str]) -> tuple[str, set[str]]:
    return lines[0], {line.strip(" \\") for line in lines if "--hash" in line}


def test_development_has_what_the_image_has() -> None:
    development = locked("requirements-dev.txt")
    for name, lines in locked("requirements.txt").items():
        assert pin_and_hashes(lines) == pin_and_hashes(development[name])


# Removed from the image: by the lock, and by the Dockerfile.
LEFT_OUT = ("github", "nacl", "azure.identity.aio", "azure.mgmt.compute.aio", "yaml._yaml")
LEAVE_OUT = f"""
import sys
for name in {LEFT_OUT}:
    sys.modules[name] = None  # an import of it fails
"""
IMPORT_EVERYTHING = f"""{LEAVE_OUT}
import ast, importlib, pathlib
modules = set()
for file in pathlib.Path("src/vmss_upgrade").rglob("*.py"):
    modules.add(".".join(file.relative_to("src").with_suffix("").parts).removesuffix(".__init__"))
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module)
for name in sorted(modules):
    importlib.import_module(name)
print(*modules)
"""


@pytest.mark.slow
def test_the_action_imports_nothing_that_the_image_leaves_out() -> None:
    """Imports in functions are included: actions_toolkit is imported late."""
    done = run_python(IMPORT_EVERYTHING)
    assert done.returncode == 0, done.stderr
    assert {"vmss_upgrade.main", "vmss_upgrade.post", "actions_toolkit.core", "azure.identity"} <= {
        *done.stdout.split()
    }
    late = run_python(f"{LEAVE_OUT}\nimport actions_toolkit.github")
    assert "ModuleNotFoundError: import of github halted" in late.stderr, "it cannot fail"


def run_python(script: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": "src"}
    return subprocess.run([sys.executable, "-c", script], cwd=PROJECT, env=environ, capture_output=True, text=True)


def test_the_lock_of_the_image_lacks_what_is_excluded() -> None:
    assert wanted("requirements-excluded.in") == {"pygithub"}
    assert not locked("requirements.txt").keys() & {"pygithub", "pynacl"}
    assert " --excludes requirements-excluded.in requirements.in " in text("Makefile")
    assert " --no-deps " in text("Dockerfile"), "pip would miss them"


def test_the_package_needs_what_the_lock_was_made_from() -> None:
    setuptools = tomllib.loads(text("pyproject.toml"))["tool"]["setuptools"]
    assert setuptools["dynamic"]["dependencies"] == {"file": ["requirements.in"]}
    assert wanted("requirements.in") == {"actions-toolkit", "azure-identity", "azure-mgmt-compute", "pyyaml"}


def test_the_version_is_said_in_one_place() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "vmss_upgrade.__version__"}
    heading = re.findall(r"^## (.+)$", text("CHANGELOG.md"), re.MULTILINE)[0]
    assert re.fullmatch(rf"{re.escape(__version__)}( - \d{{4}}-\d\d-\d\d)?", heading), "the date comes with the release"


def test_the_build_context_holds_only_what_the_dockerfile_copies() -> None:
    rules = [line for line in text(".dockerignore").splitlines() if line and not line.startswith("#")]
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        path
        for line in re.findall(r"^COPY (?!--from)(.+)$", text("Dockerfile"), re.MULTILINE)
        for path in line.split()[:-1]
    }
    assert rules[0] == "*"
    assert let_in == copied


# A build reaches the registry of the base and the package index, and nothing else.
@pytest.mark.parametrize(
    "unsuitable",
    ["^ADD ", r"\b(apt-get |curl |wget |git )", "^# *syntax=", "^RUN --", "^COPY --link", "^COPY --ch", "<<", "^USER "],
)
def test_the_dockerfile_suits_every_runners_builder_and_network(unsuitable: str) -> None:
    assert not re.search(unsuitable, text("Dockerfile"), re.MULTILINE)


def test_every_step_of_a_workflow_runs_a_pinned_action_or_what_people_can_run_themselves() -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", text("Makefile"), re.MULTILINE))
    workflows = set((PROJECT / ".github/workflows").glob("*.yml"))
    scripts: set[str] = set()
    for workflow in workflows - {PROJECT / ".github/workflows/fleet.yml"}:  # it runs in other repositories
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            for step in job["steps"]:
                if step.get("uses") == "./released":
                    continue  # the tag of this release
                if "uses" in step:
                    assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", step["uses"])
                else:
                    assert set(re.findall(r"\bmake ([a-z0-9]+)", step["run"])) <= targets
                    assert re.search(r"\bmake |\btools/|^test ", step["run"])
                    scripts |= set(re.findall(r"\btools/release/([\w.-]+)", step["run"]))
    assert scripts == {file.name for file in (PROJECT / "tools/release").glob("*.sh")}


def test_the_ci_script_runs_the_targets_and_ends_with_the_tests() -> None:
    script = text(".ci/run")
    targets = re.findall(r"^(?:timed )?make (\w+)$", script, re.MULTILINE)
    assert targets == ["check", "conformance", "e2e", "sample", "test"]
    assert script.rstrip().endswith("make test")
    assert "set -euo pipefail" in script


@pytest.mark.parametrize("folder", ["build", "dist"])
def test_a_folder_that_a_wheel_leaves_is_ignored_and_cleaned(folder: str) -> None:
    """A leftover of build/ would get into the next wheel."""
    assert subprocess.run(["git", "check-ignore", "--quiet", f"{folder}/lib"], cwd=PROJECT).returncode == 0
    assert re.search(rf"^\trm -rf (?:\S+ )*{folder} ", text("Makefile"), re.MULTILINE)
