#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# build.sh BUILD_DIRECTORY COMPILER: the heart's rows on the newest Asio that a package registry has.
set -eu
out=$1
compiler=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
program=$out/bench_heart_asio_new
newest=$(ls -t "$program" "$here"/../asio*.?pp "$here"/../measure.hpp "$here"/Cargo.lock 2>/dev/null | head -n 1)
[ "$newest" = "$program" ] && exit 0

asio=$out/vendor/rusty_link/link/modules/asio-standalone/asio/include
[ -f "$asio/asio.hpp" ] || (cd "$here" && cargo vendor --locked --quiet "$out/vendor" >/dev/null)
for part in asio asio_time asio_cross; do
  "$compiler" -std=c++20 -O3 -DNDEBUG -isystem "$asio" -c "$here/../$part.cpp" -o "$out/$part.o"
done
"$compiler" "$out/asio.o" "$out/asio_time.o" "$out/asio_cross.o" -pthread -o "$program"
