#!/usr/bin/env bash
# Install the az CLI into its own folder, .venv-az, for the tests that use it as a client. This takes minutes and 800
# MB, once. Does nothing, and prints nothing, if this version is already installed.
set -euo pipefail

HERE=$(cd "$(dirname "$0")/.." && pwd)
VERSION=2.91.0
FOLDER=$HERE/.venv-az
READY=$FOLDER/.ready-$VERSION

[[ -e $READY ]] && exit 0
echo "Setting up ${FOLDER##*/} with azure-cli $VERSION ..."
"${PYTHON:-python3}" -m venv --clear "$FOLDER"
# Keep git and ruff out of it.
echo '*' >"$FOLDER/.gitignore"
"$FOLDER/bin/python" -m pip install -qq --disable-pip-version-check --only-binary :all: "azure-cli==$VERSION"
touch "$READY"
