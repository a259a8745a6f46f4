"""Docker's command line."""

import subprocess


def docker(*arguments: str) -> str:
    """Return the output of `docker arguments`; its errors go to the test's own output."""
    answer = subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip()
