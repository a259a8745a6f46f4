"""The contents of the image, and what it must not contain."""

import json
from collections.abc import Callable

import pytest

from e2e.docker_cli import docker
from e2e.runner import ACTION

# The official base is about this large; the one made by tools/base-image.sh is smaller.
LARGEST_LAYER_OF_OURS = 45_000_000
MAIN, POST = ACTION["runs"]["entrypoint"], ACTION["runs"]["post-entrypoint"]
BASE = "python:3.13-slim-trixie"


def in_image(image: str, script: str) -> str:
    """Return the output of `script` under the program's own Python, with the program's modules."""
    python = ["--env", "PYTHONPATH=/opt/vmss-upgrade/src", "--entrypoint", "/opt/venv/bin/python"]
    return docker("run", "--rm", *python, image, "-c", script)


# Commands that install, fetch, compile or interpret, besides Python itself.
TOOLS = (
    "apt", "apt-get", "apt-cache", "aptitude", "dpkg", "dpkg-deb", "dpkg-reconfigure", "dselect", "update-alternatives",
    "debconf", "perl", "pip", "pip3", "easy_install", "uv", "pipx", "conda", "npm", "gem", "apk", "yum", "dnf", "snap",
    "curl", "wget", "git", "ssh", "scp", "ftp", "nc", "rsync", "gcc", "cc", "g++", "cpp", "clang", "tcc", "as", "ld",
    "ld.bfd", "make", "go", "rustc",
)  # fmt: skip
MODULES = ("pip", "ensurepip", "setuptools", "wheel", "distutils", "pkg_resources", "uv")

FIND_TOOLS = f"""
import os
places = {{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/venv/bin"}}
places |= {{*os.environ["PATH"].split(":")}}
print(sorted({{name for place in places if os.path.isdir(place) for name in os.listdir(place) if name in {TOOLS}}}))
"""
# Places of installers, and other marks of them than their commands.
FIND_FILES = """
import os
wanted = ("/ensurepip/", "/pip/", "/perl-base/", "/lib/apt/", "/lib/dpkg/", ".whl", "libapt-pkg")
walked = (os.path.join(top, name) for top, _, names in os.walk("/") if not top.startswith(("/proc", "/sys", "/var"))
          for name in names)
print([path for path in walked if any(each in path for each in wanted)][:20])
"""
FIND_PRIVILEGED = """
import os, stat
walked = (os.path.join(top, name) for top, _, names in os.walk("/") if not top.startswith(("/proc", "/sys"))
          for name in names)
print([path for path in walked
       if not os.path.islink(path) and os.stat(path).st_mode & (stat.S_ISUID | stat.S_ISGID)
       or "security.capability" in os.listxattr(path, follow_symlinks=False)])
"""


def in_base(image: str, script: str) -> str:
    """Return the output of the base's own Python, which sees more than the program's environment."""
    return docker("run", "--rm", "--entrypoint", "python3", image, "-c", script)


@pytest.mark.parametrize("script", [FIND_TOOLS, FIND_FILES, FIND_PRIVILEGED], ids=["tools", "files", "setuid"])
def test_the_image_lacks_what_an_intruder_would_look_for(image: str, script: str) -> None:
    assert in_base(image, script) == "[]"
    assert in_base(BASE, script) != "[]", "it cannot fail: even the base has none of it"


@pytest.mark.parametrize("python", [in_image, in_base], ids=["program", "base"])
def test_no_installer_can_be_imported(image: str, python: Callable[[str, str], str]) -> None:
    script = f"import importlib.util as u; print([m for m in {MODULES} if u.find_spec(m)])"
    assert python(image, script) == "[]"


def test_the_image_keeps_the_package_list_of_the_base(image: str) -> None:
    """Scanners use this list; the packages that were removed from the image stay on it."""
    assert "Package: libc6" in docker("run", "--rm", "--entrypoint", "cat", image, "/var/lib/dpkg/status")


def test_the_simulator_is_there_without_its_scenarios(image: str) -> None:
    modules = in_image(
        image,
        "import pkgutil, vmss_upgrade; "
        "print(*[m.name for m in pkgutil.walk_packages(vmss_upgrade.__path__, 'vmss_upgrade.')])",
    ).split()
    assert "vmss_upgrade.main" in modules
    assert "vmss_upgrade.rehearsal" in modules
    assert in_image(image, "import azure_simulator; print(azure_simulator.scenario_names())") == "[]"


def test_every_module_that_a_start_imports_is_compiled(image: str) -> None:
    uncompiled = in_image(
        image,
        "import os, sys, vmss_upgrade.main, azure.identity, azure.mgmt.compute, actions_toolkit.core; "
        "print([m.__name__ for m in list(sys.modules.values())"
        " if (getattr(m, '__cached__', None) or '').endswith('.pyc') and not os.path.exists(m.__cached__)])",
    )
    assert uncompiled == "[]"


def test_the_time_zones_are_there(image: str) -> None:
    """The input `not-after` needs them, and a base image may lack them."""
    script = "import zoneinfo; print(zoneinfo.ZoneInfo('Europe/Berlin'), len(zoneinfo.available_timezones()) > 300)"
    assert in_image(image, script) == "Europe/Berlin True"


def test_it_runs_as_root_without_a_shell(image: str) -> None:
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image))
    assert not config.get("User")
    assert config["Entrypoint"] == [MAIN]
    first_lines = docker("run", "--rm", "--entrypoint", "head", image, "-qn1", MAIN, POST)
    assert first_lines.splitlines() == ["#!/opt/venv/bin/python -Iu"] * 2


def test_our_layers_stay_small(image: str) -> None:
    base = docker("image", "inspect", "--format", "{{.Size}}", BASE)
    whole = docker("image", "inspect", "--format", "{{.Size}}", image)
    assert int(whole) - int(base) < LARGEST_LAYER_OF_OURS
