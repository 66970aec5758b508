#!/usr/bin/env bash
# ./run as a newcomer calls it, without what it installs and builds (PROGRAM is built): what it starts answers, the
# server asks PostgreSQL as the role that owns nothing, and all of it ends.
set -euo pipefail
program=${1:?PROGRAM}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$(mktemp -d)
chmod 755 "$tree" # PostgreSQL's user has to get in
fail() {
    echo "run: $*" >&2
    exit 1
}
leave() {
    (cd "$tree" && ./run stop >/dev/null) || true
    rm -rf "$tree"
}
trap leave EXIT
cp -r run tools nginx web "$tree"
install -D "$program" "$tree/build/release/pollster"
printf '%s\n' 'install_packages() { :; }' 'build() { :; }' >>"$tree/tools/common.sh"
cd "$tree"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
./run start --port "$port" >"$tree/said" || fail "it does not start: $(tail -n 3 "$tree/said")"
grep -q "http://localhost:$port" "$tree/said" || fail "it does not say where: $(<"$tree/said")"
./run status >/dev/null || fail "not all of it runs: $(./run status)"
read -r name password _ < <(sed -n 2p .run/demo)
[[ -n $name && -n $password ]] || fail "no name and password are told: $(<.run/demo)"
curl --silent --fail --max-time 30 "http://127.0.0.1:$port/api/" | grep -q huzzah || fail "the server does not answer"

# The cluster lets in whom PostgreSQL runs as, as any of its roles.
socket=$(readlink -f .run)/sockets
user=$(stat -c %U "$socket")
ask() {
    local as=()
    [[ $(id -un) == "$user" ]] || as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups)
    (cd / && "${as[@]}" psql -h "$socket" -U postgres -d pollster -qtAX -v ON_ERROR_STOP=1 -c "$1")
}
is() { # QUESTION ANSWER SQL
    local answer
    answer=$(ask "$3")
    [[ $answer == "$2" ]] || fail "$1: $answer"
}
is 'roles of the connections' pollster "select string_agg(distinct usename, ' ') from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()"
is 'relations that the serving role owns' 0 "select count(*) from pg_class where relowner = 'pollster'::regrole"
is 'functions that the serving role owns' 0 "select count(*) from pg_proc where proowner = 'pollster'::regrole"
is 'anything that it owns, in any database' 0 "select count(*) from pg_shdepend
    where refobjid = 'pollster'::regrole and deptype = 'o'"
is 'that it is a superuser, or may be another role' f "select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls
    or exists (select from pg_auth_members where member = r.oid) from pg_roles r where rolname = 'pollster'"
is 'owner of the database and of the schema' 'pollster_owner pollster_owner' "select pg_get_userbyid(datdba) || ' '
    || pg_get_userbyid(nspowner) from pg_database, pg_namespace
    where datname = current_database() and nspname = 'pollster'"

./run stop >/dev/null
code=0
./run status >"$tree/said" || code=$?
[[ $code -eq 3 && $(grep -c 'does not run' "$tree/said") -eq 3 ]] || fail "after ./run stop: $(<"$tree/said")"
echo "run: all right"
