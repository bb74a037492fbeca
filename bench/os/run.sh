#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Child processes side by side: eddy, bare system calls, libuv, asyncio, uvloop.
#
#   bench/os/run.sh [BUILD [ROUNDS]]
#
# BUILD has the programs (default build/release: `ninja -C build/release bench_children bench_children_uv`). The rounds
# go by turns through all peers, so that a busy machine slows all of them down; the table has the median of each, and
# the best. Python's peers need python3, and uvloop for its rows.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/release}
rounds=${2:-5}
children=$build/bench/os/bench_children
uv=$build/bench/os/bench_children_uv
python=${PYTHON:-/usr/bin/python3}
[ -x "$children" ] || { echo "build bench_children first: ninja -C $build bench_children bench_children_uv" >&2; exit 1; }
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

gibibyte=1073741824

# Whether a peer is there.
have() {
    case $1 in
        libuv) [ -x "$uv" ] ;;
        uvloop*) "$python" -c 'import uvloop' 2>/dev/null ;;
        asyncio*) command -v "$python" >/dev/null ;;
    esac
}

once() {
    table=$1 peer=$2 resident=${3:-0}
    case $table-$peer in
        drain-asyncio* | drain-uvloop*) "$python" "$here/children.py" drain "$peer" $gibibyte "$children" ;;
        drain-*) "$children" drain "$peer" $gibibyte ;;
        *-asyncio | *-uvloop) "$python" "$here/children.py" spawn "$peer" 1000 8 ;;
        *-libuv) "$uv" spawn libuv 1000 8 ;;
        large-fork) "$children" spawn fork 100 8 "$resident" ;;
        *) "$children" spawn "$peer" 1000 8 "$resident" ;;
    esac
}

# compare TABLE TITLE UNIT DIVISOR RESIDENT PEER...: the first peer is eddy.
compare() {
    table=$1 title=$2 unit=$3 divisor=$4 resident=$5
    shift 5
    round=0
    while [ $round -lt "$rounds" ]; do
        for peer in "$@"; do
            have "$peer" 2>/dev/null || case $peer in libuv | uvloop* | asyncio*) continue ;; esac
            once "$table" "$peer" "$resident" >>"$results/$table.$peer"
        done
        round=$((round + 1))
    done
    printf '\n%s (%s, %d rounds)\n%-22s %10s %10s   %s\n' "$title" "$unit" "$rounds" "" median best "eddy is times as fast"
    ours=
    for peer in "$@"; do
        [ -f "$results/$table.$peer" ] || continue
        sort -n "$results/$table.$peer" | awk -v name="$peer" -v ours="$ours" -v d="$divisor" '
            { all[NR] = $1 }
            END {
                m = NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2
                printf "%-22s %10.2f %10.2f   %s\n", name, m / d, all[NR] / d, ours == "" ? "" : sprintf("%.2f", ours / m)
            }'
        [ -n "$ours" ] || ours=$(sort -n "$results/$table.$peer" | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }')
    done
}

compare drain "1 GiB of a child's stdout" GiB/s $gibibyte 0 \
    eddy c c-grown uvloop uvloop-protocol asyncio asyncio-protocol
compare spawn "1000 times /bin/true, 8 at a time" children/s 1 0 eddy vfork posix_spawn fork libuv asyncio uvloop
compare large "the same from a parent with 1 GiB resident" children/s 1 1024 eddy vfork posix_spawn fork
