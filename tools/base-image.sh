#!/usr/bin/env bash
# Have the Dockerfile's base image at hand: as it is, or pulled, or, where no image registry is reached, made with
# debootstrap under the same name from the Debian mirror that this machine uses. The one made here differs from the
# official one in two ways that the Dockerfile allows for: Python is Debian's `python3`, and the machine's CA
# certificates and pip configuration are in it, so that a build reaches the package index as this machine does.
set -euo pipefail

HERE=$(cd "$(dirname "$0")/.." && pwd)
IMAGE=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$HERE/Dockerfile" | head -n 1)
SUITE=trixie
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vmss-upgrade
TARBALL=$CACHE/base-$SUITE.tar
CA_BUNDLE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}

main() {
  docker image inspect "$IMAGE" >/dev/null 2>&1 && exit 0
  docker pull --quiet "$IMAGE" 2>/dev/null && exit 0
  if [[ ! -s $TARBALL ]]; then
    echo "Making $IMAGE with debootstrap (once; kept in $CACHE)"
    make_tarball
  fi
  docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' "$TARBALL" "$IMAGE" >/dev/null
  echo "Imported $IMAGE: $(docker image inspect --format '{{.Size}}' "$IMAGE" | numfmt --to=si)B"
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

# The first mirror that serves Debian itself, in either format of apt's sources.
debian_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep --extended-regexp '^(URIs:|deb )' | grep --only-matching --extended-regexp 'https?://[^ ]+/debian/?( |$)' |
    head -n 1 | tr -d ' ' || true
}

bring_machine_settings() {
  install -m 644 "$CA_BUNDLE" "$ROOT/etc/ssl/certs/ca-certificates.crt"
  {
    echo '[global]'
    echo 'cert = /etc/ssl/certs/ca-certificates.crt'
    pip_setting index-url
    pip_setting proxy
    pip_setting trusted-host
  } >"$ROOT/etc/pip.conf"
}

# $1: name. As pip has it here, from files or from the environment; nothing where it is not set.
pip_setting() {
  local value
  value=$(python3 -m pip config list 2>/dev/null | sed -n "s/^[^.]*\(\.env\.\|:env:\.\|\.\)$1='\(.*\)'$/\2/p" | tail -n 1)
  [[ -z $value ]] || echo "$1 = $value"
}

remove_what_no_container_needs() {
  rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/log/* "$ROOT"/var/cache/debconf/*-old
  rm -rf "$ROOT"/usr/share/doc/* "$ROOT"/usr/share/man/* "$ROOT"/usr/share/info/* "$ROOT"/usr/share/locale/*
  rm -rf "$ROOT"/dev/* "$ROOT"/tmp/* "$ROOT"/run/*
}

main
