"""The scripts of a release that need neither Docker nor GitHub: version, commit, release, tags, documents."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.releasing import IDENTITY, VERSION, Project

pytestmark = pytest.mark.sweep  # git and shells, many times

PROJECT = Path(__file__).resolve().parents[2]
IMAGE, DIGEST = "registry.invalid/example/vmss-upgrade", f"sha256:{'5' * 64}"
SAID = '"""vmss-upgrade"""\n\n__version__ = "%s"\n'
CHANGES = "# Changelog\n\n## %s\n\n- Rolls out.\n\n## 0.9.0 - 2026-01-01\n\n- Older.\n"
CODE, CHANGELOG = "src/vmss_upgrade/__init__.py", "CHANGELOG.md"
FLEET = ".github/workflows/fleet.yml"
SCRIPTS = ("tools/release", "action.yml", FLEET)
READY = {"README.md": "# A page\n", CODE: SAID % VERSION, CHANGELOG: CHANGES % f"{VERSION} - 2026-12-01"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.make(READY, *SCRIPTS)
    return made


def committed(project: Project) -> str:
    done = project.script("commit.sh", VERSION, IMAGE, DIGEST)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def published(project: Project) -> str:
    commit = committed(project)
    done = project.script("publish.sh", VERSION, commit, IMAGE, DIGEST, "sbom.json")
    assert done.returncode == 0, done.stderr
    return commit


def problems(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.removeprefix("::error title=No release::") for line in done.stderr.splitlines() if "::error" in line]


def test_a_version_that_is_free_and_complete_is_released_under_the_owner_in_lower_case(project: Project) -> None:
    done = project.script("check.sh", VERSION)
    assert (done.returncode, done.stdout) == (0, f"image={IMAGE}\n"), done.stderr


REFUSALS: dict[str, tuple[str, dict[str, str], dict[str, str], list[str]]] = {
    "no version": (
        "v1",
        {},
        {},
        [
            "'v1' is not a version such as 1.2.3.",
            f"{CODE} says {VERSION}, not v1.",
            "CHANGELOG.md has no dated section, '## v1 - YYYY-MM-DD'.",
        ],
    ),
    "not the code's": (
        "1.0.1",
        {CHANGELOG: CHANGES % "1.0.1 - 2026-12-01"},
        {},
        [f"{CODE} says 1.0.0, not 1.0.1."],
    ),
    "without a date": (
        VERSION,
        {CHANGELOG: CHANGES % VERSION},
        {},
        [f"CHANGELOG.md has no dated section, '## {VERSION} - YYYY-MM-DD'."],
    ),
    "no day of the calendar": (
        VERSION,
        {CHANGELOG: CHANGES % f"{VERSION} - 2026-12-32"},
        {},
        [f"CHANGELOG.md has no dated section, '## {VERSION} - YYYY-MM-DD'."],
    ),
    "another branch": (
        VERSION,
        {},
        {"GITHUB_REF": "refs/heads/fix"},
        ["Releases are made from main, not from refs/heads/fix."],
    ),
}


@pytest.mark.parametrize(("version", "changes", "environ", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_a_release_that_cannot_be_made_is_refused_with_every_reason(
    tmp_path: Path, version: str, changes: dict[str, str], environ: dict[str, str], expected: list[str]
) -> None:
    project = Project(tmp_path, environ)
    project.make(READY | changes, *SCRIPTS)
    done = project.script("check.sh", version)
    assert (done.returncode, done.stdout, problems(done)) == (1, "", expected)


def test_a_version_with_a_tag_or_a_release_is_taken(project: Project) -> None:
    by_tag, by_release = (f"The version is taken: there is a {what} v{VERSION}." for what in ("tag", "release"))
    project.git("push", "--quiet", "origin", f"main:refs/tags/v{VERSION}")
    assert problems(project.script("check.sh", VERSION)) == [by_tag]
    project.git("push", "--quiet", "--delete", "origin", f"refs/tags/v{VERSION}")
    published(project)
    assert problems(project.script("check.sh", VERSION)) == [by_tag, by_release]
    project.git("push", "--quiet", "--delete", "origin", f"refs/tags/v{VERSION}")
    assert problems(project.script("check.sh", VERSION)) == [by_release]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda project: (project.folder / "remote.git").rename(project.folder / "gone"), "The remote did not say"),
        (lambda project: (project.folder / "bin" / "gh").write_text("#!/bin/sh\nexit 4\n"), "GitHub did not say"),
    ],
    ids=["remote", "GitHub"],
)
def test_a_version_that_nobody_can_look_up_is_not_free(
    project: Project, break_it: Callable[[Project], object], reason: str
) -> None:
    break_it(project)
    assert [problem.startswith(reason) for problem in problems(project.script("check.sh", VERSION))] == [True]


def test_the_release_commit_changes_one_line_and_no_branch(project: Project) -> None:
    before = project.git("rev-parse", "main")
    commit = committed(project)
    assert project.git("rev-parse", f"{commit}^", "main").split() == [before, before]
    diff = project.git("diff", "--unified=0", before, commit).splitlines()
    assert [line for line in diff if re.match("[-+] ", line)] == [
        "-  image: Dockerfile",
        f"+  image: docker://{IMAGE}:{VERSION}@{DIGEST}",
    ]


def test_the_fleet_of_a_release_runs_the_released_image(project: Project) -> None:
    """`$/` is the folder of the commit that the workflow is of, whatever a caller names."""
    commit = committed(project)
    used = set(re.findall(r"uses: (\S+)$", project.git("show", f"{commit}:{FLEET}"), re.MULTILINE))
    assert {action for action in used if not re.search(r"@[0-9a-f]{40}$", action)} == {"$/"}
    assert f"docker://{IMAGE}:{VERSION}@{DIGEST}" in project.git("show", f"{commit}:action.yml")


@pytest.mark.parametrize(
    "file, text", [("README.md", "changed\n"), ("action.yml", "name: another\nruns:\n  image: Dockerfile\n")]
)
def test_a_release_commit_with_another_change_is_refused(project: Project, file: str, text: str) -> None:
    (project.clone / file).write_text(text)
    done = project.script("commit.sh", VERSION, IMAGE, DIGEST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The release changes something else than one line" in done.stderr


def test_a_line_that_is_not_there_is_not_replaced(project: Project) -> None:
    (project.clone / "action.yml").write_text("runs: {image: Dockerfile}\n")
    project.git(*IDENTITY, "commit", "--quiet", "--all", "--message", "another form")
    assert project.script("commit.sh", VERSION, IMAGE, DIGEST).returncode != 0


def test_the_release_is_of_that_commit_with_notes_and_files(project: Project) -> None:
    commit = published(project)
    [(tag, release)] = project.releases().items()
    assert (tag, release["draft"], release["commit"], release["files"]) == (f"v{VERSION}", False, commit, ["sbom.json"])
    assert project.remote("for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", f"refs/tags/v{VERSION}"]
    assert project.remote("rev-parse", tag) == commit
    assert release["notes"].startswith("\n- Rolls out.\n")
    assert "Older" not in release["notes"]
    for part in (f"gh attestation verify oci://{IMAGE}@{DIGEST} --repo Example/vmss-upgrade", f"{commit} # {tag}"):
        assert part in release["notes"]


def test_a_draft_and_a_branch_of_an_earlier_attempt_are_replaced(project: Project) -> None:
    gh = [str(project.folder / "bin" / "gh"), "release", "create", f"v{VERSION}", "--draft"]
    main = project.git("rev-parse", "main")
    project.git("push", "--quiet", "origin", f"{main}:refs/heads/release-{VERSION}")
    subprocess.run([*gh, "--target", main, "--notes-file", "/dev/null"], check=True)
    assert project.script("check.sh", VERSION).returncode == 0
    commit = published(project)
    assert project.releases()[f"v{VERSION}"]["commit"] == commit


def test_the_job_can_run_again_after_it_published(project: Project) -> None:
    commit = published(project)
    before = project.releases()
    project.git("push", "--quiet", "origin", f"{commit}:refs/heads/release-{VERSION}")
    project.git("switch", "--quiet", "main")
    assert published(project) == commit
    assert project.releases() == before
    assert "release-" not in project.remote("for-each-ref")


def test_a_tag_at_another_commit_is_noticed(project: Project) -> None:
    gh = project.folder / "bin" / "gh"
    gh.write_text(gh.read_text().replace('releases[tag]["commit"])', '"main")'))
    done = project.script("publish.sh", VERSION, committed(project), IMAGE, DIGEST)
    assert done.returncode == 1
    assert f"v{VERSION} is at" in done.stderr


@pytest.mark.parametrize(
    ("existing", "version", "moved"),
    [
        pytest.param("v1.2.2 v1 v1.2", "1.2.3", "v1 v1.2", id="next"),
        pytest.param("", "1.0.0", "v1 v1.0", id="first"),
        pytest.param("v1.3.0 v1", "1.2.3", "v1.2", id="older minor"),
        pytest.param("v1.2.10 v1 v1.2", "1.2.9", "", id="older patch"),
        pytest.param("v1.9.0 v1 v10.0.0 v10", "1.10.0", "v1 v1.10", id="as numbers"),
        pytest.param("v2.0.0 v2", "1.2.3", "v1 v1.2", id="older major"),
        pytest.param("v1.2.4-rc.1 v1 v1.2", "1.2.3", "v1 v1.2", id="not released"),
    ],
)
def test_plain_tags_move_unless_a_newer_release_exists(
    project: Project, existing: str, version: str, moved: str
) -> None:
    old = project.git("rev-parse", "main")
    new = committed(project)
    pushed = [f"{old}:refs/tags/{tag}" for tag in existing.split()]
    project.git("push", "--quiet", "origin", *pushed, f"{new}:refs/tags/v{version}")
    done = project.script("move-tags.sh", version, new)
    assert done.returncode == 0, done.stderr
    tags = dict(
        line.split()
        for line in project.remote("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/tags").splitlines()
    )
    assert {tag for tag, commit in tags.items() if commit == new} == {f"v{version}", *moved.split()}
    assert {tag for tag, commit in tags.items() if commit == old} == set(existing.split()) - set(moved.split())


OLD, NEW = "a" * 40, "b" * 40
REFERENCES = {
    "- uses: org/vmss-upgrade@v1.0.0": "- uses: org/vmss-upgrade@v1.2.3",
    f"- uses: org/vmss-upgrade@{OLD} # v1.0.0": f"- uses: org/vmss-upgrade@{NEW} # v1.2.3",
    f"`org/vmss-upgrade@{OLD}` pins": f"`org/vmss-upgrade@{NEW} # v1.2.3` pins",
    "(`org/vmss-upgrade@COMMIT # v1.0.0`)": f"(`org/vmss-upgrade@{NEW} # v1.2.3`)",
    f"uses: org/vmss-upgrade/{FLEET}@{OLD} # v1.0.0": f"uses: org/vmss-upgrade/{FLEET}@{NEW} # v1.2.3",
    "org/vmss-upgrade@v1.0.0, or": "org/vmss-upgrade@v1.2.3, or",
}
LEFT = (
    "- uses: org/vmss-upgrade@v1",
    "- uses: org/vmss-upgrade@v1.0",
    f"uses: org/vmss-upgrade/{FLEET}@v1",
    "- uses: org/vmss-upgrade@v1.0.0-rc.1",
    f"- uses: actions/checkout@{OLD} # v7.0.0",
    "vmss-upgrade 1.0.0",
    "- uses: org/not-vmss-upgrade-at-all@v1.0.0",
)


def test_the_documents_name_the_release_afterwards(tmp_path: Path) -> None:
    sample = "\n".join([*REFERENCES, *LEFT, ""])
    for name in ("README.md", "docs/deep/page.md", "examples/workflows/a.yml", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(sample)
    command = [sys.executable, str(PROJECT / "tools/release/renew_docs.py"), "1.2.3", NEW]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["README.md", "docs/deep/page.md", "examples/workflows/a.yml"]
    expected = "\n".join([*REFERENCES.values(), *LEFT, ""])
    assert (tmp_path / "README.md").read_text() == (tmp_path / "docs/deep/page.md").read_text() == expected
    assert (tmp_path / "CHANGELOG.md").read_text() == sample, "it says what was, not what is"
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert again.stdout == ""


def test_the_documents_go_to_a_branch(project: Project) -> None:
    (project.clone / "README.md").write_text("- uses: org/vmss-upgrade@v0.9.0\n")
    project.git(*IDENTITY, "commit", "--quiet", "--all", "--message", "a document")
    done = project.script("push-docs.sh", VERSION, NEW)
    assert done.returncode == 0, done.stderr
    assert f"/compare/docs-{VERSION}?expand=1" in done.stdout
    assert project.remote("show", f"docs-{VERSION}:README.md") == f"- uses: org/vmss-upgrade@v{VERSION}"
    assert "No document names" in project.script("push-docs.sh", VERSION, NEW).stdout


def test_no_step_hides_that_a_script_failed() -> None:
    """A step ends with the failure of a script in an assignment, but not in the words of `echo`."""
    workflow = (PROJECT / ".github/workflows/release.yml").read_text()
    assert re.findall(r"^.*\becho .*\$\(.*$", workflow, re.MULTILINE) == []
