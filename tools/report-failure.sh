#!/usr/bin/env bash
# Open an issue with title $1 about the failed run at address $2, or comment on the open one, so that a job that fails
# every night does not open one every night. Needs `gh` with GH_TOKEN and GH_REPO.
set -euo pipefail

open=$(gh issue list --state open --limit 100 --json number,title --jq "map(select(.title == \"$1\")) | .[0].number // empty")
if [[ $open ]]; then
  gh issue comment "$open" --body "It failed again: $2"
else
  gh issue create --title "$1" --body "The log of $2 says what failed, and how to play it again."
fi
