"""A project to release: a clone of this working tree with a bare repository as its remote, and a stand-in for `gh`."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.act import copy_project

VERSION = "1.0.0"  # of the copy, whatever this working tree's version is
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")

# It keeps releases in a file, and obeys GitHub's rules on tags: publishing makes the tag, of a commit that a ref holds.
GH = f"""#!{sys.executable} -I
import json, pathlib, subprocess, sys
HERE = pathlib.Path(__file__).parent
FILE, REMOTE = HERE / "releases.json", HERE.parent / "remote.git"
releases = json.loads(FILE.read_text()) if FILE.exists() else {{}}
arguments = sys.argv[1:]
def value(name):
    return arguments[arguments.index(name) + 1]
def git(*words):
    return subprocess.run(["git", "-C", REMOTE, *words], check=True, capture_output=True, text=True).stdout
if arguments[0] == "api":
    release = releases.get(arguments[1].rpartition("/")[2])
    if not release or release["draft"]:
        sys.exit("gh: Not Found (HTTP 404)")
    sys.exit()
_, verb, tag, *_ = arguments
if verb == "create":
    assert "--draft" in arguments and tag not in releases and git("for-each-ref", "--contains", value("--target"))
    files = arguments[arguments.index("--notes-file") + 2:]
    notes = pathlib.Path(value("--notes-file")).read_text()
    releases[tag] = {{"draft": True, "commit": value("--target"), "notes": notes, "files": files}}
elif tag not in releases:
    sys.exit("release not found")
elif verb == "view":
    print(json.dumps(releases[tag]["draft"]))
elif verb == "delete":
    del releases[tag]
elif verb == "edit":
    assert "--draft=false" in arguments
    git("tag", tag, releases[tag]["commit"])
    releases[tag]["draft"] = False
else:
    sys.exit(f"unknown: {{verb}}")
FILE.write_text(json.dumps(releases))
"""


@dataclass(frozen=True, slots=True)
class Project:
    """The clone in `folder`/project, and its remote in `folder`/remote.git; scripts get the variables of `environ`."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def clone(self) -> Path:
        return self.folder / "project"

    def make(self, changes: dict[str, str], *paths: str) -> None:
        """Make the remote and the clone, on main, with these files changed; with `paths` alone, if given."""
        copy_project(self.clone, *paths)
        for name, text in changes.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        self.git("add", ".")
        self.git(*IDENTITY, "commit", "--quiet", "--message", "ready to release")
        self.git("branch", "--move", "main")
        subprocess.run(["git", "init", "--quiet", "--bare", str(self.folder / "remote.git")], check=True)
        self.git("remote", "add", "origin", str(self.folder / "remote.git"))
        self.git("push", "--quiet", "origin", "main")
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "gh").write_text(GH)
        (self.folder / "bin" / "gh").chmod(0o755)

    def git(self, *arguments: str) -> str:
        """Return git's output in the clone."""
        done = subprocess.run(["git", *arguments], cwd=self.clone, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def remote(self, *arguments: str) -> str:
        """Return git's output in the remote."""
        return self.git("--git-dir", str(self.folder / "remote.git"), *arguments)

    def script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of tools/release as a job of the workflow does."""
        environ = os.environ | {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REPOSITORY": "Example/vmss-upgrade",
            "GITHUB_SERVER_URL": "https://github.invalid",
            "REGISTRY": "registry.invalid",
        }
        return subprocess.run(
            [f"tools/release/{name}", *arguments],
            cwd=self.clone,
            env=environ | self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def releases(self) -> dict[str, Any]:
        """Return the releases on the stand-in for GitHub, by tag."""
        file = self.folder / "bin" / "releases.json"
        releases: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return releases
