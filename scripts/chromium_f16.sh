#!/usr/bin/env bash
# A Chromium whose software WebGPU has shader-f16, for tests and for races against engines that need it: Debian's Chromium on the lavapipe of
# software_vulkan.sh, through a driver that says it is SwiftShader (chromium_f16.c).
#
#   scripts/chromium_f16.sh [DIR]      default: ~/.cache/thimble/chromium-f16
#
# Prints the program; the tests find it by themselves and give it its environment. A second run does nothing, unless Chromium is another one.
# Where it cannot be had, one line says why.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/thimble
dir=${1:-$cache/chromium-f16}
from=/usr/lib/chromium
here=$(cd "$(dirname "$0")" && pwd)

absent() {
  echo "no Chromium with f16: $1. Its tests are skipped." >&2
  exit 0
}

[ -x "$from/chromium" ] || absent "there is no $from/chromium (Debian's package chromium)"
icd=$("$here/software_vulkan.sh" 2>/dev/null)
[ -n "$icd" ] || absent 'scripts/software_vulkan.sh found no driver'
command -v cc >/dev/null || absent 'there is no C compiler'

about() { stat -c '%s %Y' "$1" 2>/dev/null || true; }
mkdir -p "$dir"
if [ ! -f "$dir/driver.json" ] || [ "$here/chromium_f16.c" -nt "$dir/libchromium_f16.so" ]; then
  cc -shared -fPIC -O1 -o "$dir/libchromium_f16.so" "$here/chromium_f16.c" -ldl
  printf '{"ICD":{"api_version":"1.3.230","library_path":"%s"},"file_format_version":"1.0.0"}\n' "$dir/libchromium_f16.so" >"$dir/driver.json"
fi
if [ "$(about "$dir/chromium/chromium")" != "$(about $from/chromium)" ]; then
  rm -rf "$dir/chromium"
  cp -al $from "$dir/chromium" 2>/dev/null || { rm -rf "$dir/chromium" && cp -a $from "$dir/chromium"; }
  rm -f "$dir/chromium/libvk_swiftshader.so" # where it is missing, Chromium looks for drivers
fi
echo "$dir/chromium/chromium"
