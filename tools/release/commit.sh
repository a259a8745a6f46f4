#!/usr/bin/env bash
# Commit the image's digest into action.yml, on top of HEAD and on no branch, and print the commit.
#
# Usage: commit.sh VERSION IMAGE DIGEST. main keeps `image: Dockerfile`, so that `uses: ./` and forks work; this line is
# all that a release changes.
set -euo pipefail

version=$1 image=$2 digest=$3
before="  image: Dockerfile"
after="  image: docker://$image:$version@$digest"

[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "'$digest' is not a digest" >&2; exit 1; }
# With main's date it is the same commit when the job runs again.
GIT_AUTHOR_DATE=$(git show --no-patch --format=%cI HEAD)
export GIT_AUTHOR_DATE GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
git switch --quiet --detach
sed --in-place "s|^$before\$|$after|" action.yml
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --all --message "Release $version"

changed=$(git diff --unified=0 HEAD^ HEAD)
[[ $(git diff --numstat HEAD^ HEAD) == $'1\t1\taction.yml' && $changed == *$'\n'"-$before"$'\n'"+$after" ]] ||
  { printf 'The release changes something else than one line:\n%s\n' "$changed" >&2; exit 1; }
git rev-parse HEAD
