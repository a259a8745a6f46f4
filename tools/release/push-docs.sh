#!/usr/bin/env bash
# Push a branch on which the documents name this release, and say where a person opens the pull request: one that a
# workflow opens starts no checks.
#
# Usage: push-docs.sh VERSION COMMIT
set -euo pipefail

version=$1 commit=$2
branch=docs-$version
python3 tools/release/renew_docs.py "$version" "$commit"
git diff --quiet && { echo "No document names a version or a commit that differs."; exit 0; }
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --all --message "Name $version in the documents"
git push --quiet --force origin "HEAD:refs/heads/$branch"
echo "::notice title=Documents::Open the pull request: $GITHUB_SERVER_URL/$GITHUB_REPOSITORY/compare/$branch?expand=1"
