# For ./run and ./test: messages, packages, the build. Sourced, with the repository's root as working directory.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Shows that a long step goes on: the last line on a terminal, every 50th elsewhere. All lines go to the file $1.
progress() {
    local line count=0 log=$1
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$log"
        count=$((count + 1))
        if [[ -t 1 ]]; then
            printf '\r\033[K  %s' "${line:0:100}"
        elif ((count % 50 == 0)); then
            printf '  %s\n' "${line:0:100}"
        fi
    done
    if [[ -t 1 ]]; then printf '\r\033[K'; fi
}

# Prints the packages of the given kinds (run, test) that are not installed, of alternatives the first that can be.
missing_packages() {
    local kinds=" $* " kind names name codename
    local -A have=()
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    while IFS=' ' read -r name kind; do
        [[ $kind == ii ]] && have[$name]=1
    done < <(dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' 2>/dev/null)
    while read -r kind names _; do
        [[ $kinds == *" $kind "* ]] || continue
        [[ $names != *@* || ${names#*@} == "$codename" ]] || continue
        names=${names%@*}
        for name in ${names//|/ }; do
            [[ -z ${have[$name]:-} ]] || continue 2
        done
        # nginx-full and the like do as well.
        [[ $names == nginx-light && -x /usr/sbin/nginx ]] && continue
        # Another nodejs than Debian's may bring it.
        [[ $names == npm ]] && command -v npm >/dev/null && continue
        obtainable "$names"
    done < <(grep -v '^#' tools/packages | grep .)
}

# The first of NAME|NAME that apt knows; the first of all while it knows none (its lists are missing or old).
obtainable() {
    local name
    for name in ${1//|/ }; do
        if [[ $1 != *'|'* ]] || apt-cache show "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    printf '%s\n' "${1%%|*}"
}

# Installs what is missing of the given kinds, without starting any service that comes with it.
install_packages() {
    local missing as_root=() log=${LOG_DIR:?}/apt.log
    command -v dpkg-query >/dev/null || die "this needs Debian's packages; tools/packages lists what to install by hand"
    mapfile -t missing < <(missing_packages "$@")
    if [[ ${#missing[@]} -eq 0 ]]; then return; fi
    if [[ $(id -u) -ne 0 ]]; then
        command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
        as_root=(sudo)
        sudo -v || die "packages are missing and sudo refuses; as root: apt-get install ${missing[*]}"
    fi
    say "Installing ${#missing[@]} packages (minutes on a fresh machine; output in $log)"
    : >"$log"
    if ! install_quietly "${missing[@]}"; then
        # Lists that are missing or old are the usual reason.
        "${as_root[@]}" apt-get update 2>&1 | progress "$log" || true
        mapfile -t missing < <(missing_packages "$@")
        install_quietly "${missing[@]}" || die "packages cannot be installed: $(apt_reason "$log") (all of it: $log)"
    fi
}

# apt's first complaint since its last run.
apt_reason() { grep -E '^(E|Err)[: ]' "$1" | tail -n 1 | cut -c1-200; }

# The services of nginx and PostgreSQL stay off while this runs: what ./run starts is private. A policy file that was
# here before is left alone.
install_quietly() {
    local status=0 policy=/usr/sbin/policy-rc.d mark='# written by Pollster: no service starts during its installation'
    if [[ ! -e $policy ]] || grep -qF "$mark" "$policy"; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$mark" | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" 2>&1 </dev/null | progress "$log" || status=$?
    if grep -qF "$mark" "$policy" 2>/dev/null; then "${as_root[@]}" rm -f "$policy"; fi
    return "$status"
}

# build TESTS TARGET...: configures and builds build/release; TESTS is ON or OFF. Nothing to do takes a blink.
build() {
    local tests=$1 dir=build/release log=$LOG_DIR/build.log jobs memory
    shift
    : >"$log"
    if [[ ! -f $dir/build.ninja ]] || ! grep -q "^BUILD_TESTING:BOOL=$tests\$" "$dir/CMakeCache.txt"; then
        say "Configuring"
        cmake --preset release -DBUILD_TESTING="$tests" 2>&1 | progress "$log" ||
            die "configuring failed: $(grep -m1 -A2 'CMake Error' "$log" | tr '\n' ' ') (all of it: $log)"
    fi
    # A compiler takes up to a gigabyte.
    jobs=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1000000) }' /proc/meminfo)
    if ((memory < jobs)); then jobs=$((memory > 0 ? memory : 1)); fi
    say "Building (minutes the first time, a blink when nothing has changed; output in $log)"
    ninja -C "$dir" -j "$jobs" "$@" 2>&1 | progress "$log" ||
        die "the build failed: $(grep -m1 -E 'error|FAILED' "$log" | cut -c1-300) (all of it: $log)"
}
