#!/usr/bin/env bash
# Runs Debian's PostgreSQL for tests: in a new folder, on a unix socket and a free port of 127.0.0.1, as an unprivileged
# user, without fsync. It prints one line, the URL of its administrator, and runs until its standard
# input ends; then server and folder are gone. scripts/test starts one for its whole run, pgtest one for a test process.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ ! -x "${bin:-/nowhere}/initdb" ]; then
	echo "PostgreSQL is not installed: apt-get install postgresql" >&2
	exit 1
fi
# PostgreSQL refuses to run as root, who has the package's own user for it.
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)

# In memory where that can be: a new server writes 40 MB.
parent=/dev/shm
[ -w "$parent" ] || parent=/tmp
dir=$(mktemp -d "$parent/jeton-postgres-XXXXXX")
server=
cleanup() {
	[ -z "$server" ] || { kill -QUIT "$server" && wait "$server"; } 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
[ "$(id -u)" != 0 ] || chown postgres "$dir"
cd "$dir"

"${as[@]}" "$bin/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C -A trust --no-sync >"$dir/log" 2>&1 || {
	cat "$dir/log" >&2
	exit 1
}
cat >"$dir/data/pg_hba.conf" <<-END
	local all all trust
	host  all all 127.0.0.1/32 scram-sha-256
END
for attempt in 1 2 3; do
	port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
	"${as[@]}" "$bin/postgres" -D "$dir/data" -k "$dir" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \
		-c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off </dev/null >>"$dir/log" 2>&1 &
	server=$!
	until "$bin/pg_isready" -q -h "$dir" -p "$port"; do
		kill -0 "$server" 2>/dev/null || continue 2
		sleep 0.05
	done
	echo "postgres://postgres@/postgres?host=$dir&port=$port"
	cat >/dev/null
	exit 0
done
cat "$dir/log" >&2
exit 1
