#!/usr/bin/env bash
# Software Vulkan for the tests of WebGPU: lavapipe of Mesa 25, unpacked into a cache folder. Nothing that the system has is replaced.
#
#   scripts/software_vulkan.sh [DIR]      default: ~/.cache/thimble/software-vulkan
#
# Prints the file that names the driver, which is what VK_DRIVER_FILES takes; the tests find it by themselves. A second run does nothing.
# Where it cannot be had, one line says why, and what it costs: nothing else fails.
#
# Debian 12's own lavapipe (22.3) gives Dawn no adapter. So the driver comes from the backports of the mirror that the system uses, and the
# libraries that it is linked with come along with the system's own package.
set -euo pipefail
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/thimble/software-vulkan}
icd=$dir/lvp.json

absent() {
  echo "no software Vulkan: $1. Tests of WebGPU in Node, Deno and Firefox are skipped, and so are those of f16 in Chromium." >&2
  exit 0
}

# The file names the library by its path, so a folder that was moved counts as none.
library=$(sed -n 's/.*"library_path":"\([^"]*\)".*/\1/p' "$icd" 2>/dev/null || true)
if [ -f "$library" ]; then
  echo "$icd"
  exit 0
fi

command -v apt-get >/dev/null && command -v dpkg >/dev/null || absent 'this system has no apt-get'
release=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
mirror=$({ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true; } |
  awk '/^(URIs:|deb) / && $2 ~ /\/debian\/?$/ && !found { found = 1; print $2 }')
[ -n "$release" ] && [ -n "$mirror" ] || absent 'the package sources name no Debian mirror'

mkdir -p "$dir/lists/partial"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
signed=$([ -f "$keys" ] && echo "[signed-by=$keys] " || true)
echo "deb $signed$mirror $release-backports main" >"$dir/backports.list"
# apt with lists of its own: the system's stay as they are
backports=(-qq -o "Dir::Etc::SourceList=$dir/backports.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$dir/lists")

if [ "$(id -u)" = 0 ]; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    libvulkan1 mesa-vulkan-drivers; } >/dev/null 2>&1 || absent 'apt-get could not install libvulkan1 and mesa-vulkan-drivers'
fi
apt-get "${backports[@]}" update >/dev/null 2>&1 || absent "$release-backports cannot be read from the system's mirror"
library=$dir/libvulkan_lvp.so
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked" "$dir/lists"' EXIT
(cd "$unpacked" && apt-get "${backports[@]}" download mesa-vulkan-drivers && dpkg -x mesa-vulkan-drivers_*.deb root) >/dev/null 2>&1 ||
  absent "$release-backports has no mesa-vulkan-drivers"
find "$unpacked/root" -name libvulkan_lvp.so -exec cp {} "$library" \;
[ -f "$library" ] || absent 'the package mesa-vulkan-drivers has no libvulkan_lvp.so'
missing=$(ldd "$library" | awk '/not found/ { printf "%s ", $1 }')
[ -z "$missing" ] || absent "libraries are missing: ${missing}(as root: apt-get install libvulkan1 mesa-vulkan-drivers)"
printf '{"ICD":{"api_version":"1.4.305","library_path":"%s"},"file_format_version":"1.0.0"}\n' "$library" >"$icd"
echo "$icd"
