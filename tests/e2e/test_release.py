"""A release from its check to its tags, with a registry and a remote on this machine.

Here one architecture is built; the image of the other one is a stand-in. `gh` is a stand-in, too.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.docker_cli import docker
from e2e.registry import PASSWORD, USER, Registry, serving_images
from e2e.releasing import VERSION, Project
from e2e.simulator import PROJECT

BASE = "python:3.13-slim-trixie"
# What a user's pull loads, with the base that tools/base-image.sh makes.
LARGEST_DOWNLOAD = 58_000_000
LABEL = "org.opencontainers.image"

pytestmark = pytest.mark.skipif("E2E_IMAGE" in os.environ, reason="the image was built elsewhere")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serving_images(tmp_path_factory.mktemp("registry")) as registry:
        yield registry
        for host in (registry.private, registry.public):
            for name in docker(
                "image", "ls", "--digests", "--format", "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
            ).split():
                if name.startswith(f"{host}/") and "<none>" not in name:
                    subprocess.run(["docker", "image", "rm", name], capture_output=True)


@pytest.fixture
def project(registry: Registry, tmp_path: Path) -> Project:
    """Return a project that is ready to be released, whose base image is in the registry."""
    base = f"{registry.public}/{BASE}"
    docker("tag", BASE, base)
    docker("push", "--quiet", base)
    login = {"DOCKER_CONFIG": str(tmp_path / "docker")}
    command = ["docker", "login", registry.private, "--username", USER, "--password-stdin"]
    subprocess.run(command, env=os.environ | login, input=PASSWORD, text=True, check=True, capture_output=True)
    project = Project(tmp_path, login | {"REGISTRY": registry.private})
    code = (PROJECT / "src/vmss_upgrade/__init__.py").read_text()
    project.make(
        {
            "Dockerfile": (PROJECT / "Dockerfile").read_text().replace(f"FROM {BASE}", f"FROM {base}"),
            "CHANGELOG.md": f"# Changelog\n\n## {VERSION} - 2026-12-01\n\nThe first version.\n",
            "src/vmss_upgrade/__init__.py": re.sub('__version__ = ".*"', f'__version__ = "{VERSION}"', code),
        }
    )
    return project


def output_of(project: Project, script: str, *arguments: str) -> str:
    done = project.script(script, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def pushed_for_another_architecture(project: Project, image: str, folder: Path) -> str:
    """Push a small image that says it is for another architecture, and return its digest."""
    other = "arm64" if docker("version", "--format", "{{.Server.Arch}}") == "amd64" else "amd64"
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    tag = f"{image}:{VERSION}-{other}"
    docker("build", "--quiet", "--platform", f"linux/{other}", "--tag", tag, str(folder))
    subprocess.run(["docker", "push", "--quiet", tag], env=os.environ | project.environ, check=True)
    return docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", tag).rpartition("@")[2]


@pytest.mark.usefixtures("image")  # the release builds the same layers
def test_it_ends_with_a_release_that_names_the_pushed_digest(
    project: Project, registry: Registry, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    image = output_of(project, "check.sh", VERSION).removeprefix("image=")
    assert image == f"{registry.private}/example/vmss-upgrade"

    base = output_of(project, "base.sh")
    assert re.fullmatch(rf"{registry.public}/python@sha256:[0-9a-f]{{64}}", base)

    built = output_of(project, "build.sh", image, VERSION, base)
    tag = f"{image}:{VERSION}-{docker('version', '--format', '{{.Server.Arch}}')}"
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", tag))
    source = "https://github.invalid/Example/vmss-upgrade"
    assert {name.removeprefix(f"{LABEL}."): value for name, value in labels.items() if name.startswith(LABEL)} == {
        "title": "vmss-upgrade",
        "description": "GitHub Action: rolls an OS image over an Azure VM scale set",
        "licenses": "MIT",
        "source": source,
        "documentation": f"{source}/blob/v{VERSION}/README.md",
        "version": VERSION,
        "revision": project.git("rev-parse", "HEAD"),
        "base.name": f"{registry.public}/python",
        "base.digest": base.partition("@")[2],
    }
    size = registry.compressed_size("example/vmss-upgrade", built)
    record_property("compressed", f"{size / 1e6:.2f} MB (at most {LARGEST_DOWNLOAD / 1e6:.1f} MB)")
    assert size <= LARGEST_DOWNLOAD

    other = pushed_for_another_architecture(project, image, tmp_path / "bin")
    digest = output_of(project, "join.sh", image, f"{VERSION}-untested", built, other)

    # A package is private at first: no release until everybody can fetch it.
    refused = project.script("fetch.sh", f"{image}@{digest}")
    assert refused.returncode == 1
    assert f"{image} cannot be fetched without credentials" in refused.stderr
    assert "Change visibility" in refused.stderr
    output_of(project, "fetch.sh", f"{image.replace(registry.private, registry.public)}@{digest}")

    # The run may end here and begin again: an image is no obstacle, and is pushed and joined again.
    assert output_of(project, "check.sh", VERSION)
    assert output_of(project, "build.sh", image, VERSION, base) == built
    assert output_of(project, "join.sh", image, f"{VERSION}-untested", built, other) == digest

    # Only the tested image gets the tag of the version, which is the same image.
    assert output_of(project, "join.sh", image, VERSION, built, other) == digest

    commit = output_of(project, "commit.sh", VERSION, image, digest)
    output_of(project, "publish.sh", VERSION, commit, image, digest, "sbom.json")
    output_of(project, "move-tags.sh", VERSION, commit)
    tags = project.remote("for-each-ref", "--format=%(objectname) %(refname:short)", "refs/tags").splitlines()
    assert tags == [f"{commit} v1", f"{commit} v1.0", f"{commit} v{VERSION}"]
    assert f"image: docker://{image}:{VERSION}@{digest}" in project.remote("show", "v1:action.yml")

    again = project.script("check.sh", VERSION)
    assert again.returncode == 1
    assert f"The version is taken: there is a tag v{VERSION}" in again.stderr
