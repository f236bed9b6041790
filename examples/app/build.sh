#!/bin/sh
# Compiles the example application and puts it into a container engine, through the engine's HTTP API alone: neither
# the docker program nor a registry is needed. Does nothing when the engine has the image of these very sources.
#   build.sh [IMAGE] [DOCKER_HOST]     IMAGE: patchbay-example:latest; DOCKER_HOST: of the environment, then the usual
set -eu
image=${1:-patchbay-example:latest}
host=${2:-${DOCKER_HOST:-}}
here=$(cd "$(dirname "$0")" && pwd)
for candidate in /var/run/docker.sock "${XDG_RUNTIME_DIR:-/nowhere}/podman/podman.sock" /run/podman/podman.sock; do
  [ -n "$host" ] || [ ! -S "$candidate" ] || host=unix://$candidate
done
socket=
case $host in
  unix://*) socket=${host#unix://} url=http://engine ;;
  tcp://*) url=http://${host#tcp://} ;;
  '') echo "build.sh: no container engine: set DOCKER_HOST" >&2; exit 1 ;;
  *) echo "build.sh: DOCKER_HOST must be unix://PATH or tcp://HOST:PORT, not $host" >&2; exit 1 ;;
esac
call() { curl -sS --fail-with-body --max-time 300 ${socket:+--unix-socket "$socket"} "$@"; }

sources=$(cat "$here"/*.cc "$here"/*.h "$here/Dockerfile" | sha256sum | cut -c1-64)
if call "$url/images/$image/json" 2>/dev/null | grep -q "$sources"; then
  echo "$image is up to date"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-g++}" -O2 -static -std=c++20 -o "$work/app" "$here/app.cc"
strip "$work/app" 2>/dev/null || true
cp "$here/Dockerfile" "$work/Dockerfile"
echo "LABEL patchbay.dev/sources=$sources" >>"$work/Dockerfile"
tar -C "$work" -cf "$work/context.tar" --owner=0 --group=0 Dockerfile app
reply=$(call -X POST -H 'Content-Type: application/x-tar' --data-binary "@$work/context.tar" \
  "$url/build?t=$image&rm=1&forcerm=1") || { echo "$reply" >&2; exit 1; }
case $reply in
  *'"errorDetail"'*) echo "$reply" >&2; exit 1 ;;
esac
echo "$image is built"
