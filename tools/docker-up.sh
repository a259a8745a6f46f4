#!/usr/bin/env bash
# Make sure that a Docker daemon answers: install Debian's docker.io if it is missing, start the daemon if it is not
# running, and leave it running. Does nothing if one answers already, so root is needed only to install or start it.
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

# $@: options of this attempt. Wait until the daemon answers or ends.
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

# Print the packet size of the way out. If it is small (a tunnel, a nested machine), the bridge must use it too.
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
# The second attempt is for kernels without an overlay file system.
start --mtu "$mtu" || start --mtu "$mtu" --storage-driver vfs || {
  tail -n 20 "$LOG" >&2
  echo "dockerd does not start here; its log is $LOG" >&2
  exit 1
}
