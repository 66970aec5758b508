# For ./run: the processes that it starts. NAME's pid file in $state/pids holds the pid, the start time and the boot,
# so that a stale one never names a stranger. Sourced after common.sh, with `state` and LOG_DIR set before a function
# is called.
#
# A process may end while it is looked at. So each look reads /proc once, and what is not there any more is not running:
# nothing is printed about it, and with `set -e` nothing stops.
# shellcheck shell=bash disable=SC2154

# Prints "STATE START" of a process that exists, a zombie too: fields 3 and 22 of proc(5)'s stat.
state_and_start() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a fields <<<"${stat##*) }" # the name before may hold spaces and brackets
    [[ ${#fields[@]} -ge 20 ]] || return 1
    echo "${fields[0]} ${fields[19]}"
}

# Prints the pid of NAME if that very process still runs.
pid_of() {
    local pid start boot found
    read -r pid start boot 2>/dev/null <"$state/pids/$1" || return 1
    [[ $boot == "$(</proc/sys/kernel/random/boot_id)" && -n $start ]] || return 1
    found=$(state_and_start "$pid") || return 1
    [[ ${found#* } == "$start" && $found != Z* ]] || return 1
    echo "$pid"
}

# Its start is empty, which pid_of never takes for a process, if it has ended already.
remember() {
    local found
    found=$(state_and_start "$2") || found=
    echo "$2 ${found#* } $(</proc/sys/kernel/random/boot_id)" >"$state/pids/$1"
}

# launch NAME COMMAND...: in the background, out of reach of the terminal's Ctrl-C, output into its log.
launch() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$LOG_DIR/$name.log" 2>&1 9>&- &
    pid=$!
    remember "$name" "$pid"
}

# end NAME SIGNAL: returns when it is gone.
end() {
    local pid tries=0
    if pid=$(pid_of "$1"); then
        kill -s "$2" "$pid" 2>/dev/null || true
        while pid_of "$1" >/dev/null; do
            tries=$((tries + 1))
            if ((tries == 200)); then
                say "  $1 does not end by itself: killed"
                kill -s KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.05
        done
    fi
    rm -f "$state/pids/$1"
}

# Was process $1 started with these words, one after the other, among its arguments?
has_arguments() {
    local line
    line=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") 2>/dev/null || return 1
    [[ " $line " == *" $2 "* ]]
}
