#!/usr/bin/env bash
# Build the image for this machine's architecture, push it, and print its digest.
#
# Usage: build.sh IMAGE VERSION BASE, with BASE by digest. Its tag, VERSION-ARCHITECTURE, only carries it into the
# registry: everything after this names the digest.
set -euo pipefail

image=$1 version=$2 base=$3
repository=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY
tag=$image:$version-$(docker version --format '{{.Server.Arch}}')
label=org.opencontainers.image

# A provenance of the builder's own would make a list of this image, which cannot be joined with another.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
sed "s|^FROM [^ ]*|FROM $base|" Dockerfile | docker build --file - --tag "$tag" \
  --label "$label.source=$repository" \
  --label "$label.documentation=$repository/blob/v$version/README.md" \
  --label "$label.version=$version" \
  --label "$label.revision=$(git rev-parse HEAD)" \
  --label "$label.base.name=${base%@*}" \
  --label "$label.base.digest=${base#*@}" \
  . >&2
docker push "$tag" | tee /dev/stderr | sed -n 's/^.*digest: \(sha256:[0-9a-f]\{64\}\) .*$/\1/p' | grep .
