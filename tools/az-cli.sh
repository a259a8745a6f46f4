#!/usr/bin/env bash
# Have the az CLI at hand in a folder of its own, .venv-az, for the tests that use it as a client: it takes minutes and
# 800 MB once. Does nothing and prints nothing where this version is there already.
set -euo pipefail

HERE=$(cd "$(dirname "$0")/.." && pwd)
VERSION=2.91.0
FOLDER=$HERE/.venv-az
READY=$FOLDER/.ready-$VERSION

[[ -e $READY ]] && exit 0
echo "Setting up ${FOLDER##*/} with azure-cli $VERSION ..."
"${PYTHON:-python3}" -m venv --clear "$FOLDER"
# Neither git nor ruff is to look into it.
echo '*' >"$FOLDER/.gitignore"
"$FOLDER/bin/python" -m pip install -qq --disable-pip-version-check --only-binary :all: "azure-cli==$VERSION"
touch "$READY"
