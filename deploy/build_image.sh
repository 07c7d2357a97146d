#!/bin/sh
# Build the image without a Docker engine and without a registry: Debian by debootstrap, the rest by buildah.
# Run it as root, from anywhere, with Debian's packages buildah and debootstrap. Arguments go to `buildah bud`:
#     deploy/build_image.sh --volume /etc/pip.conf:/etc/pip.conf:ro
# IMAGE is the name of what is built, SUITE the version of Debian, MIRROR where its packages come from.
set -eu

IMAGE=${IMAGE:-dossier}
SUITE=${SUITE:-trixie}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
BASE=localhost/dossier-base:$SUITE
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
# Needs no daemon and no namespaces.
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"

make_base() {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv "$SUITE" "$folder/root" "$MIRROR"
    # Debian keeps its own Python from pip; an environment of its own is what python:3 images give.
    chroot "$folder/root" python3 -m venv /usr/local/python
    rm -rf "$folder/root/var/cache/apt/archives" "$folder/root/var/lib/apt/lists"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$folder/root" /
    buildah config --env PATH=/usr/local/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 "$container"
    buildah commit --quiet --rm "$container" "$BASE"
}

buildah inspect --type image "$BASE" >/dev/null 2>&1 || make_base
buildah bud --build-arg BASE="$BASE" --pull-never --format docker --tag "$IMAGE" "$@" "$SOURCE"
