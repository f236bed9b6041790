# Shared by the scripts; sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

build_packages="build-essential cmake ninja-build mold pkg-config git ca-certificates curl
  libcpprest-dev libpqxx-dev prometheus-cpp-dev libyaml-cpp-dev libgtest-dev libgmock-dev nlohmann-json3-dev
  rapidjson-dev libcurl4-openssl-dev libboost1.74-dev libboost-system1.74-dev libssl-dev libre2-dev libsodium-dev libcli11-dev libprotobuf-dev
  zlib1g-dev libgoogle-perftools-dev"
run_packages="postgresql caddy"
engine_packages="docker.io iptables"

# Installs those of the named packages that are not there; says which, and asks nothing.
install_missing() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || die "this script installs Debian and Ubuntu packages; install by hand: ${missing[*]}"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || die "neither root nor sudo; install by hand: ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  # Servers that packages bring must not start by themselves: everything here runs its own.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod +x "$policy" && made=yes
  fi
  local status=0
  as_root apt-get update -qq || status=$?
  [ $status -ne 0 ] || as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || status=$?
  [ -z "$made" ] || as_root rm -f "$policy"
  [ $status -eq 0 ] || die "the packages could not be installed (apt-get said $status)"
}

# A container engine that answers, as a DOCKER_HOST; nothing when there is none.
find_engine() {
  local candidate
  for candidate in "${DOCKER_HOST:-}" unix:///var/run/docker.sock "unix://${XDG_RUNTIME_DIR:-/nonexistent}/podman/podman.sock" unix:///run/podman/podman.sock; do
    case "$candidate" in
      unix://*) [ "$(curl -s -m 3 --unix-socket "${candidate#unix://}" http://engine/_ping 2>/dev/null)" = OK ] && { echo "$candidate"; return 0; } ;;
      tcp://*) [ "$(curl -s -m 3 "http://${candidate#tcp://}/_ping" 2>/dev/null)" = OK ] && { echo "$candidate"; return 0; } ;;
    esac
  done
  return 1
}

# One engine for everything a script does, in DOCKER_HOST: the one that is there, or a private one in the folder $work,
# which `finish` ends. Set work and `trap finish EXIT` before.
engine_pid=
use_engine() {
  local engine
  if engine=$(find_engine); then
    export DOCKER_HOST=$engine
    return
  fi
  [ "$(id -u)" -eq 0 ] || die "no container engine answers, and only root can start a private one; start Docker or Podman, or set DOCKER_HOST"
  say "starting a private container engine"
  dockerd --data-root "$work/engine" --exec-root "$work/exec" -H "unix://$work/docker.sock" --pidfile "$work/docker.pid" >"$work/dockerd.log" 2>&1 &
  engine_pid=$!
  export DOCKER_HOST=unix://$work/docker.sock
  for _ in $(seq 300); do find_engine >/dev/null && return; sleep 0.1; done
  tail -n 20 "$work/dockerd.log"
  die "the private container engine does not answer"
}

finish() {
  if [ -n "$engine_pid" ]; then
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" 2>/dev/null || true
  fi
  # Mounts of the engine and of stopped containers, if any, before the folder goes.
  awk -v d="$work" '$2 ~ "^"d {print $2}' /proc/mounts | sort -r | while read -r mount; do as_root umount "$mount" 2>/dev/null || true; done
  as_root rm -rf "$work"
}

# Two compilers at once need about 3 GB; more cores get more.
build() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; die "cmake failed"; }
  rm -f "build-$preset.log"
  cmake --build "build/$preset" "$@"
}
