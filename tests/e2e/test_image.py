"""What is in the image, and what is not."""

import json

from e2e.docker_cli import docker

# The official base is about this large, the one made by tools/base-image.sh smaller.
LARGEST_LAYER_OF_OURS = 60_000_000


def in_image(image: str, script: str) -> str:
    """What the program's own Python prints for `script`, with the program's modules at hand."""
    python = ["--env", "PYTHONPATH=/opt/vmss-upgrade/src", "--entrypoint", "/opt/venv/bin/python"]
    return docker("run", "--rm", *python, image, "-c", script)


def test_no_installer_is_left(image: str) -> None:
    found = in_image(
        image,
        "import importlib.util, shutil; "
        "print([m for m in ('pip', 'ensurepip', 'setuptools') if importlib.util.find_spec(m)]"
        " + [c for c in ('pip', 'pip3', 'gcc', 'cc', 'make') if shutil.which(c)])",
    )
    assert found == "[]"
    # Nor for the base's own Python, which the environment does not see.
    base = "import importlib.util as u; print([m for m in ('pip', 'ensurepip') if u.find_spec(m)])"
    assert docker("run", "--rm", "--entrypoint", "python3", image, "-c", base) == "[]"


def test_the_simulator_and_the_rehearsal_stay_out(image: str) -> None:
    modules = in_image(
        image,
        "import pkgutil, vmss_upgrade; "
        "print(*[m.name for m in pkgutil.walk_packages(vmss_upgrade.__path__, 'vmss_upgrade.')])",
    ).split()
    assert "vmss_upgrade.main" in modules
    assert "vmss_upgrade.rehearsal" not in modules
    assert in_image(image, "import importlib.util as u; print(u.find_spec('azure_simulator'))") == "None"


def test_every_module_that_a_start_imports_is_compiled(image: str) -> None:
    uncompiled = in_image(
        image,
        "import os, sys, vmss_upgrade.main, azure.identity, azure.mgmt.compute, actions_toolkit.core; "
        "print([m.__name__ for m in list(sys.modules.values())"
        " if (getattr(m, '__cached__', None) or '').endswith('.pyc') and not os.path.exists(m.__cached__)])",
    )
    assert uncompiled == "[]"


def test_it_runs_as_root_without_a_shell(image: str) -> None:
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image))
    assert not config.get("User")
    assert config["Entrypoint"][0] == "/opt/venv/bin/python"


def test_our_layers_stay_small(image: str) -> None:
    base = docker("image", "inspect", "--format", "{{.Size}}", "python:3.13-slim-trixie")
    whole = docker("image", "inspect", "--format", "{{.Size}}", image)
    assert int(whole) - int(base) < LARGEST_LAYER_OF_OURS
