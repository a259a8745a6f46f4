#!/usr/bin/env bash
# Move the plain tags vX and vX.Y to a release, unless a newer release of theirs exists.
#
# Usage: move-tags.sh VERSION COMMIT
set -euo pipefail

version=$1 commit=$2
refs=()
for alias in "v${version%%.*}" "v${version%.*}"; do
  newest=$(git ls-remote --tags --refs origin "refs/tags/$alias.*" | sed 's|.*refs/tags/||' |
    grep --extended-regexp '^v[0-9]+\.[0-9]+\.[0-9]+$' | sort --version-sort | tail --lines 1)
  if [[ $newest == "v$version" ]]; then
    refs+=("$commit:refs/tags/$alias")
  else
    echo "$alias stays where it is: $newest is newer than v$version"
  fi
done
((${#refs[@]})) || exit 0
git push --atomic --force origin "${refs[@]}"
