#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Crawl speed side by side on one nginx: wget --recursive, a Python aiohttp crawler, and eddy's crawler, by turns.
#
#   bench/crawl/run.sh CRAWLER [SITE [START [ROUNDS]]]
#
# CRAWLER is the built binary. SITE is a directory of HTML, the C++ reference unless given; START its first page.
# Prints pages a second of every run and the ratios of the medians. Needs nginx, wget, python3 with venv.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
crawler=${1:?usage: run.sh CRAWLER [SITE [START [ROUNDS]]]}
site=${2:-/usr/share/cppreference/doc/html}
start=${3:-en/index.html}
rounds=${4:-3}
nginx=$(command -v nginx || echo /usr/sbin/nginx)

directory=$(mktemp -d)
server=
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

venv=${EDDY_CRAWL_VENV:-$here/../../build/crawl-venv}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet aiohttp lxml
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -e "s|@DIRECTORY@|$directory|g" -e "s|@PORT@|$port|g" -e "s|@SITE@|$site|g" "$here/nginx.conf" >"$directory/nginx.conf"
"$nginx" -p "$directory" -c "$directory/nginx.conf" -e "$directory/error.log" &
server=$!
url=http://127.0.0.1:$port/$start
for _ in 1 2 3 4 5 6 7 8 9 10; do
    wget -q -O /dev/null "$url" && break
    sleep 0.2
done

pages=$(python3 "$here/../../tests/support/count_pages.py" "$site" "$start" | cut -d' ' -f1)
echo "$pages pages behind $start"

# measure NAME COMMAND...: runs it and notes pages a second, by the number of pages there are.
measure() {
    name=$1
    shift
    begin=$(date +%s.%N)
    "$@" >"$directory/$name.log" 2>&1 || { [ "$name" = wget ] || { cat "$directory/$name.log"; exit 1; }; }
    end=$(date +%s.%N)
    awk -v n="$name" -v p="$pages" -v b="$begin" -v e="$end" 'BEGIN { printf "%-12s %8.2f s %8.0f pages/s\n", n, e - b, p / (e - b) }' |
        tee -a "$directory/results"
}

run_wget() {
    rm -rf "$directory/wget"
    # Only pages, as the others; it ends with 8 when a link is dead.
    wget -q --recursive --level=inf --no-parent --follow-tags=a,area,iframe,frame -P "$directory/wget" "$url"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    measure wget run_wget
    measure aiohttp "$venv/bin/python" "$here/aiohttp_crawler.py" "$url"
    measure eddy "$crawler" "$url" --db none
    rm -f "$directory/pages.sqlite"*
    measure eddy-stored "$crawler" "$url" --db "$directory/pages.sqlite"
    round=$((round + 1))
done

echo
sort -k1,1 -k4,4n "$directory/results" | awk '
    { values[$1] = values[$1] " " $4 }
    END {
        for (name in values) { n = split(values[name], v, " "); median[name] = v[int((n + 1) / 2)] }
        for (name in median)
            printf "%-12s median %6.0f pages/s   eddy is %.2f times as fast\n", name, median[name], median["eddy"] / median[name]
    }' | sort
