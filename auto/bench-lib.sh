# shellcheck shell=bash
# What the benchmarks share: where they work, the settings they measure with, and their sections of docs/performance.md.
# Sourced; the caller has `set -euo pipefail`.

# shellcheck source=auto/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# as_proxy COMMAND…: with the settings that the proxy gives its connections, so that functions called beside it get the same plans.
as_proxy() {
    PGOPTIONS="-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off -c jit=off -c redis.events=" "$@"
}

# start_bench_cluster FOLDER [OPTION…]
start_bench_cluster() {
    start_cluster "$1" shared_buffers=512MB max_wal_size=4GB "${@:2}"
    migrate "$1" >"$temporary/migrate.log" 2>&1 || { cat "$temporary/migrate.log" >&2 && return 1; }
    sync # what initdb wrote: else the kernel does so during the first half minute, and every commit waits for it
}

# As make_temporary, on a disk: /tmp may be in memory, where fsync costs nothing.
make_bench_folder() {
    make_temporary
    rmdir "$temporary"
    temporary=$(mktemp -d /var/tmp/pgredis-bench-XXXXXX)
    chmod 755 "$temporary"
}

# The machine, in one line. The latency is that of one 8 kB write with fdatasync, Postgres's way to make a commit durable.
machine() {
    local folder=$temporary/fsync
    mkdir "$folder"
    chmod 777 "$folder"
    printf '%s: %s cores of %s, %s GB, Linux %s, fdatasync %s\n' "$(date -I)" "$(nproc)" \
        "$(lscpu | sed -n 's/^Model name: *//p')" "$(free -g | awk '/^Mem/ { print $2 + 1 }')" "$(uname -r)" \
        "$(as_cluster_owner "$postgres_bin/pg_test_fsync" -s 1 -f "$folder/file" 2>/dev/null |
            awk '$1 == "fdatasync" && !n++ { print $4, "µs" }')"
}

# save_section NAME: puts its input between the two comments of that name in docs/performance.md.
save_section() {
    local page=$root/docs/performance.md text=$temporary/section
    cat >"$text"
    grep -q "^<!-- $1:begin -->" "$page"
    sed -i -e "/^<!-- $1:begin -->/,/^<!-- $1:end -->/{/^<!-- $1:begin -->/{p;r $text" -e "};/^<!-- $1:end -->/p;d}" "$page"
    echo "written to docs/performance.md"
}
