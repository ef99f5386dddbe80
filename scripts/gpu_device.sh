#!/usr/bin/env bash
# Measures a machine with an NVIDIA GPU on which there is neither network nor Node: packs all that it takes into a folder, which runs there.
#
#   scripts/gpu_device.sh pack DIR        here; DIR has some 40 MB (Linux, x86-64)
#   DIR/run.sh OUT [--seconds 540 …]      there; writes OUT/gpu.json and OUT/gpu.md, says what is missing where there is no driver
#
# Where Node is, `node bench/run.mjs gpu_device --out OUT` does the same without packing.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" = pack ] && [ $# -eq 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
dir=$2
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
node bench/run.mjs gpu_device --help >/dev/null
[ -f dist/node/index.js ] || { echo 'dist/ is not whole; run npm run build first' >&2; exit 1; }
project=$dir/project
mkdir -p "$project/bench/dist" "$project/node_modules/webgpu/dist" "$dir/lib"
cp bench/dist/gpu_device.js "$project/bench/dist/"
mkdir -p "$project/dist" && cp -r dist/node dist/*.wasm "$project/dist/"
echo '{ "type": "module" }' >"$project/package.json"
cp node_modules/webgpu/package.json node_modules/webgpu/index.js "$project/node_modules/webgpu/"
cp -r node_modules/webgpu/dist/linux-x64 "$project/node_modules/webgpu/dist/"
cp -rL node_modules/tinybench "$project/node_modules/"
find "$project" -name '*.map' -delete
xz -T0 -f -c "$(node -p process.execPath)" >"$dir/node.xz"
# The loaders between a driver and its users, for a machine that has none of its own
for name in libvulkan.so.1 libEGL.so.1 libGLdispatch.so.0 libGLX.so.0 libGL.so.1 libOpenGL.so.0 libX11.so.6 libxcb.so.1 libXau.so.6 libXdmcp.so.6 libXext.so.6; do
  file=$(ldconfig -p | awk -v name="$name" '$1 == name && /x86-64/ { print $NF; exit }')
  [ -z "$file" ] || cp -L "$file" "$dir/lib/$name"
done
cat >"$dir/run.sh" <<'RUN'
#!/usr/bin/env bash
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: run.sh OUT [options of the bench]}
shift
node=$(mktemp -d)/node
if command -v xz >/dev/null; then xz -dc "$here/node.xz" >"$node"; else
  python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' "$here/node.xz" "$node"
fi
chmod +x "$node"
ldconfig -p 2>/dev/null | grep -q libvulkan.so.1 || export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:$here/lib"
if [ -z "${VK_DRIVER_FILES:-}" ]; then
  driver=$(find /usr/share/vulkan /etc/vulkan /usr/local -name 'nvidia_icd*.json' 2>/dev/null | head -n 1)
  [ -z "$driver" ] || export VK_DRIVER_FILES=$driver
fi
echo "driver: ${VK_DRIVER_FILES:-none of NVIDIA}; $(nvidia-smi -L 2>/dev/null || echo 'no nvidia-smi')"
exec "$node" "$here/project/bench/dist/gpu_device.js" --out "$out" "$@"
RUN
chmod +x "$dir/run.sh"
du -sh "$dir" | awk '{ print "packed: " $1 }'
