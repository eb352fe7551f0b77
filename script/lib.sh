# Sourced by the other scripts: where the project is, and what has to be installed. Not run by itself.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What a build needs on Debian 12.
build_packages=(
  g++ cmake ninja-build pkg-config ccache ca-certificates
  libcpp-httplib-dev libssl-dev libcurl4-openssl-dev libhnswlib-dev librocksdb-dev libsimdjson-dev
  libtomlplusplus-dev libcli11-dev prometheus-cpp-dev libxxhash-dev
  zlib1g-dev libboost-context1.74-dev libjemalloc-dev
  esbuild nodejs npm
)
# What the tests need beside that.
test_packages=(libgtest-dev libgmock-dev libzstd-dev chromium)
# What script/check and the benchmarks need beside that.
check_packages=(clang clang-format clang-tidy libclang-rt-14-dev)
bench_packages=(libbenchmark-dev wrk nginx-light curl strace libfaiss-dev libopenblas-dev)

# install PACKAGE...: installs those that are missing; says nothing when none is.
install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' && continue
    # A newer Node.js than Debian's brings its own npm.
    case "$package" in
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  echo "installing: ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# build PRESET [TARGET...]: configures build/PRESET when need be and builds.
build() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >&2
  cmake --build "build/$preset" ${1:+--target "$@"} >&2
}
