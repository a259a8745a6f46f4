#!/usr/bin/env bash
# Fetch an image as users do, without credentials; say how to make the package public if that is refused.
#
# Usage: fetch.sh IMAGE@DIGEST
set -euo pipefail

image=$1
DOCKER_CONFIG=$(mktemp -d)
export DOCKER_CONFIG
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
docker pull --quiet "$image" && exit 0

package=${image%@*}
cat >&2 <<END
::error title=Not public::${package} cannot be fetched without credentials. A new package is private.
Make it public once: $GITHUB_SERVER_URL/$GITHUB_REPOSITORY, "Packages" on the right, ${package##*/}, "Package settings",
"Change visibility", "Public". (If "Public" cannot be chosen, the organisation forbids it: its settings, "Packages",
"Package creation".) Then let this run go on with "Re-run failed jobs": nothing has been released yet.
END
exit 1
