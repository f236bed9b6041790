#!/bin/sh
# Compiles the example application and puts it into a container engine, through the engine's HTTP API alone: neither
# the docker program nor a registry is needed.
#   build.sh [IMAGE] [DOCKER_HOST]     IMAGE: patchbay-example:latest; DOCKER_HOST: of the environment, then the usual
set -eu
image=${1:-patchbay-example:latest}
host=${2:-${DOCKER_HOST:-}}
here=$(cd "$(dirname "$0")" && pwd)
for socket in /var/run/docker.sock "${XDG_RUNTIME_DIR:-/nowhere}/podman/podman.sock" /run/podman/podman.sock; do
  [ -n "$host" ] || [ ! -S "$socket" ] || host=unix://$socket
done
[ -n "$host" ] || { echo "build.sh: no container engine: set DOCKER_HOST" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-g++}" -O2 -static -std=c++20 -o "$work/app" "$here/app.cc"
strip "$work/app" 2>/dev/null || true
cp "$here/Dockerfile" "$work/Dockerfile"
tar -C "$work" -cf "$work/context.tar" --owner=0 --group=0 Dockerfile app
socket=
case $host in
  unix://*) socket=${host#unix://} url=http://engine ;;
  tcp://*) url=http://${host#tcp://} ;;
  *) echo "build.sh: DOCKER_HOST must be unix://PATH or tcp://HOST:PORT, not $host" >&2; exit 1 ;;
esac
reply=$(curl -sS --fail-with-body ${socket:+--unix-socket "$socket"} -X POST -H 'Content-Type: application/x-tar' \
  --data-binary "@$work/context.tar" "$url/build?t=$image&rm=1&forcerm=1") || { echo "$reply" >&2; exit 1; }
case $reply in
  *'"errorDetail"'*) echo "$reply" >&2; exit 1 ;;
esac
echo "$image is built"
