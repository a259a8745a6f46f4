#!/usr/bin/env bash
# Check workflow and action files, and the YAML of Markdown files ($@), with GitHub's language service, which knows this
# action's inputs. Installs it first, once; needs Node 20.11 or newer, and root only to install Debian's.
set -euo pipefail

FOLDER=$(cd "$(dirname "$0")" && pwd)/language_service
READY=$FOLDER/node_modules/.package-lock.json

command -v npm >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends nodejs npm >/dev/null
}
node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 100 + +minor < 2011 ? 1 : 0)' ||
  { echo "Node 20.11 or newer is needed; this is $(node --version)" >&2; exit 1; }
[[ $READY -nt $FOLDER/package-lock.json ]] ||
  npm --prefix "$FOLDER" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
node "$FOLDER/check.mjs" "$@"
