#!/usr/bin/env bash
# Make a Docker daemon answer: install Debian's docker.io where there is none, start it where it is not running, and
# leave it running. Does nothing where one answers already, so it needs root only where something is missing.
set -euo pipefail

LOG=${DOCKERD_LOG:-/tmp/vmss-upgrade-dockerd.log}
WAIT_SECONDS=30

answers() { docker info >/dev/null 2>&1; }

install_missing() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  ((${#missing[@]})) || return 0
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
}

# $@: options of this attempt. Waits until it answers or has ended.
start() {
  echo "Starting dockerd $* (log: $LOG)"
  setsid nohup dockerd "$@" >"$LOG" 2>&1 </dev/null &
  local daemon=$!
  for _ in $(seq $((WAIT_SECONDS * 2))); do
    sleep 0.5
    answers && return 0
    kill -0 "$daemon" 2>/dev/null || return 1
  done
  kill "$daemon" 2>/dev/null || true
  return 1
}

# A path to the outside with small packets (a tunnel, a nested machine) must be known to the bridge too.
outside_mtu() {
  local device
  device=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
  cat "/sys/class/net/${device:-lo}/mtu"
}

answers && exit 0
install_missing
answers && exit 0

mtu=$(outside_mtu)
((mtu <= 1500)) || mtu=1500
# The second attempt is for machines whose kernel offers no overlay file system.
start --mtu "$mtu" || start --mtu "$mtu" --storage-driver vfs || {
  tail -n 20 "$LOG" >&2
  echo "dockerd does not start here; its log is $LOG" >&2
  exit 1
}
