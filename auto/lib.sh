# shellcheck shell=bash
# What the scripts share: private Postgres clusters, processes that end with the script, waiting for conditions.
# Sourced; the caller has `set -euo pipefail`.

export LC_ALL=C.UTF-8
# A sanitizer needs several times the stack where scripts unpack deeply nested data.
[ -z "${PGREDIS:-}" ] || ulimit -S -s 131072 2>/dev/null || true
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The binary under test; PGREDIS=build/sanitize/pgredis names another build of it.
pgredis=${PGREDIS:-$root/build/release/pgredis}
postgres_bin=/usr/lib/postgresql/15/bin

temporary=""   # this script's temporary folder
processes=()   # process ids started here
clusters=()    # folders of clusters started here

fail() {
    echo "$*" >&2
    exit 1
}

# wait_until SECONDS COMMAND…: repeats the command until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

# A folder that ends with the script, reachable by the system user the cluster runs as.
make_temporary() {
    temporary=$(mktemp -d /tmp/pgredis-XXXXXX)
    chmod 755 "$temporary"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Stops what was started here, and only that. Runs at the script's end, however that comes.
clean_up() {
    local status=$? pid cluster
    trap '' INT TERM
    for pid in "${processes[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${processes[@]}"; do
        wait_until 10 process_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    for cluster in "${clusters[@]}"; do
        as_cluster_owner "$postgres_bin/pg_ctl" -s -w -m fast -D "$cluster/data" stop || true
    done
    [ -z "$temporary" ] || rm -rf "$temporary"
    exit "$status"
}

process_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# start LOG COMMAND…: in the background, until the script ends. Its process id is in $!.
start() {
    local log=$1
    shift
    : >"$log"
    "$@" >>"$log" 2>&1 </dev/null &
    processes+=("$!")
}

# Builds the release's binary, silently unless it fails, or when PGREDIS names one.
build() {
    [ -n "${PGREDIS:-}" ] || "$root/auto/build" release pgredis >"$temporary/build.log" 2>&1 || { cat "$temporary/build.log" >&2 && return 1; }
}

# Postgres refuses to run as root: then its system user owns the cluster.
as_cluster_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# start_cluster FOLDER [OPTION…]: a private Postgres cluster in FOLDER, made when it is not there yet, that listens on a socket
# in FOLDER only. OPTIONs are Postgres settings. It is stopped when the script ends, unless it ran before.
start_cluster() {
    local folder=$1 options="-c listen_addresses= -c unix_socket_directories='$1'" option
    shift
    for option in "$@"; do
        options+=" -c $option"
    done
    if [ ! -e "$folder/data/PG_VERSION" ]; then
        mkdir -p "$folder"
        [ "$(id -u)" != 0 ] || chown postgres: "$folder"
        rm -rf "$folder/data"
        as_cluster_owner "$postgres_bin/initdb" --no-sync --auth=trust --username=postgres --encoding=UTF8 --locale=C \
            --pgdata="$folder/data" >"$folder.log" 2>&1 || { tail -n 20 "$folder.log" >&2 && return 1; }
    fi
    if ! as_cluster_owner "$postgres_bin/pg_ctl" -s -D "$folder/data" status >/dev/null; then
        as_cluster_owner "$postgres_bin/pg_ctl" -s -w -D "$folder/data" -l "$folder/postgres.log" -o "$options" start ||
            { tail -n 20 "$folder/postgres.log" >&2 && return 1; }
        clusters+=("$folder")
    fi
    psql_in "$folder" postgres -q <<'SQL'
SELECT 'CREATE DATABASE pgredis' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'pgredis') \gexec
SQL
}

# psql_in CLUSTER DATABASE ARGUMENT…
psql_in() {
    local folder=$1 database=$2
    shift 2
    psql -X -v ON_ERROR_STOP=1 -h "$folder" -U postgres -d "$database" "$@"
}

# The database of a cluster as its owner, who migrates, …
database_url() {
    echo "postgresql:///pgredis?host=$1&user=postgres"
}

# … and as the role of the proxies.
proxy_url() {
    echo "postgresql:///pgredis?host=$1&user=pgredis"
}

# migrate CLUSTER: deploys tables and functions, and makes the login of the proxies.
migrate() {
    "$pgredis" migrate --database-url "$(database_url "$1")"
    psql_in "$1" pgredis -q <<'SQL'
SELECT 'CREATE ROLE pgredis LOGIN IN ROLE pgredis_proxy' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgredis') \gexec
SQL
}

# start_proxy URL PORT LOG [OPTION…]: returns when it accepts clients.
start_proxy() {
    local url=$1 port=$2 log=$3 pid
    shift 3
    start "$log" "$pgredis" serve --database-url "$url" --bind 127.0.0.1 --port "$port" "$@"
    pid=$!
    if ! wait_until 30 ready_or_gone "$pid" "$log" || process_gone "$pid"; then
        echo "The proxy on port $port did not start:" >&2
        tail -n 20 "$log" >&2
        return 1
    fi
}

ready_or_gone() {
    grep -qw ready "$2" || process_gone "$1"
}

# free_ports COUNT: that many TCP ports nobody listens on, one a line.
free_ports() {
    ruby -rsocket -e 'Array.new(Integer(ARGV[0])) { TCPServer.new("127.0.0.1", 0) }.each { |s| puts s.addr[1] }' "$1"
}

# Where the development cluster is: in the checkout, or outside it where Postgres's system user cannot come there (or the
# path is too long for a socket).
dev_folder() {
    local folder=$root/.dev
    mkdir -p "$folder"
    if [ ${#folder} -gt 80 ] || ! as_cluster_owner test -x "$folder"; then
        folder=/var/lib/pgredis-dev
        [ "$(id -u)" = 0 ] || folder=$HOME/.local/state/pgredis-dev
        folder+=/$(echo "$root" | cksum | cut -d ' ' -f 1)
        mkdir -p "$folder"
    fi
    echo "$folder"
}
