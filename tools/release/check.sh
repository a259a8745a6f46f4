#!/usr/bin/env bash
# Refuse a release that cannot be made, and list every reason. Prints the image's name for the later jobs.
#
# Usage: check.sh VERSION. Reads REGISTRY, GITHUB_REPOSITORY and GITHUB_REF. An image of this version is no obstacle: a
# run that did not get as far as the release leaves one.
set -euo pipefail

version=$1
tag=v$version
problems=()

refuse() { problems+=("$1"); }

# A release keeps its tag's name even if the tag was deleted: immutable releases never give one back.
is_released() {
  local answer
  answer=$(gh api "repos/$GITHUB_REPOSITORY/releases/tags/$tag" 2>&1 >/dev/null) && return 0
  [[ $answer == *"HTTP 404"* ]] && return 1
  refuse "GitHub did not say if there is a release $tag: $answer"
  return 1
}

[[ $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]] ||
  refuse "'$version' is not a version such as 1.2.3."
[[ ${GITHUB_REF:-} == refs/heads/main ]] || refuse "Releases are made from main, not from ${GITHUB_REF:-nowhere}."
written=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/vmss_upgrade/__init__.py)
[[ $version == "$written" ]] || refuse "src/vmss_upgrade/__init__.py says $written, not $version."
heading=$(grep --extended-regexp "^## ${version//./\\.} - [0-9]{4}-[0-9]{2}-[0-9]{2}$" CHANGELOG.md) || true
[[ $heading ]] && date --date "${heading##* }" >/dev/null 2>&1 ||
  refuse "CHANGELOG.md has no dated section, '## $version - YYYY-MM-DD'."
if tags=$(git ls-remote --tags origin "refs/tags/$tag"); then
  [[ -z $tags ]] || refuse "The version is taken: there is a tag $tag."
else
  refuse "The remote did not say if there is a tag $tag."
fi
if is_released; then refuse "The version is taken: there is a release $tag."; fi

for problem in "${problems[@]}"; do echo "::error title=No release::$problem" >&2; done
((${#problems[@]} == 0)) || exit 1
# Registries want lower case, which an owner's name need not be.
echo "image=$REGISTRY/${GITHUB_REPOSITORY,,}"
