#!/usr/bin/env bash
# Provide the Dockerfile's base image: use the one that is here, or pull it, or, if no image registry can be reached,
# make it with debootstrap under the same name from this machine's Debian mirror. The local one differs from the
# official one in two ways, which the Dockerfile allows: Python is Debian's `python3`, and it contains the machine's CA
# certificates and pip configuration, so that a build reaches the package index as this machine does.
set -euo pipefail

HERE=$(cd "$(dirname "$0")/.." && pwd)
IMAGE=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$HERE/Dockerfile" | head -n 1)
SUITE=trixie
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vmss-upgrade
CA_BUNDLE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
LABEL=vmss-upgrade.made-for

main() {
  local key
  key=$( (echo "$SUITE"; pip_configuration; cat "$CA_BUNDLE") | sha256sum | head -c 12)
  is_at_hand "$key" && exit 0
  docker pull --quiet "$IMAGE" 2>/dev/null && exit 0
  TARBALL=$CACHE/base-$SUITE-$key.tar
  if [[ ! -s $TARBALL ]]; then
    echo "Making $IMAGE with debootstrap (once; kept in $CACHE)"
    make_tarball
  fi
  docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' --change "LABEL $LABEL=$key" \
    "$TARBALL" "$IMAGE" >/dev/null
  echo "Imported $IMAGE: $(docker image inspect --format '{{.Size}}' "$IMAGE" | numfmt --to=si)B"
}

# $1: key. A local image contains the machine's certificates and settings of its day, and is remade when they change.
is_at_hand() {
  local made_for
  made_for=$(docker image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$IMAGE" 2>/dev/null) || return 1
  [[ -z $made_for || $made_for == "$1" ]]
}

make_tarball() {
  install_missing
  ROOT=$(mktemp -d)
  trap 'rm -rf "$ROOT"' EXIT
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
    "$SUITE" "$ROOT" "$(debian_mirror)" >"$ROOT.log" 2>&1 || { tail -n 20 "$ROOT.log" >&2; exit 1; }
  rm -f "$ROOT.log"
  bring_machine_settings
  remove_what_no_container_needs
  mkdir -p "$CACHE"
  tar --create --numeric-owner --directory "$ROOT" --file "$TARBALL.part" .
  mv "$TARBALL.part" "$TARBALL"
}

install_missing() {
  command -v debootstrap >/dev/null && return
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends debootstrap >/dev/null
}

# Print the first mirror that serves Debian itself, from either format of apt's sources.
debian_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep --extended-regexp '^(URIs:|deb )' | grep --only-matching --extended-regexp 'https?://[^ ]+/debian/?( |$)' |
    head -n 1 | tr -d ' ' || true
}

bring_machine_settings() {
  install -m 644 "$CA_BUNDLE" "$ROOT/etc/ssl/certs/ca-certificates.crt"
  pip_configuration >"$ROOT/etc/pip.conf"
}

# Print the parts of pip's configuration that work inside a container: no local folders, and the certificates' new path.
pip_configuration() {
  echo '[global]'
  echo 'cert = /etc/ssl/certs/ca-certificates.crt'
  pip_setting index-url
  pip_setting proxy
  pip_setting trusted-host
}

# $1: name. Print pip's setting here, from files or the environment; nothing if it is not set or pip is missing.
pip_setting() {
  local python=$HERE/.venv/bin/python value
  [[ -x $python ]] || python=python3
  value=$("$python" -m pip config list 2>/dev/null | sed -n "s/^\(:env:\|[a-z]*\)\.$1='\(.*\)'$/\2/p" | tail -n 1) || true
  [[ -z $value ]] || echo "$1 = $value"
}

remove_what_no_container_needs() {
  rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/log/* "$ROOT"/var/cache/debconf/*-old
  rm -rf "$ROOT"/usr/share/doc/* "$ROOT"/usr/share/man/* "$ROOT"/usr/share/info/* "$ROOT"/usr/share/locale/*
  rm -rf "$ROOT"/dev/* "$ROOT"/tmp/* "$ROOT"/run/*
}

main
