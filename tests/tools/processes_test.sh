#!/usr/bin/env bash
# tools/processes.sh: processes that end while they are looked at, stale pid files, and strangers with a pid of ours.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tools/common.sh
source tools/common.sh
# shellcheck source=tools/processes.sh
source "${1:-tools/processes.sh}"

state=$(mktemp -d)
LOG_DIR=$state/log
mkdir "$state/pids" "$LOG_DIR"
trap 'rm -rf "$state"' EXIT
boot=$(</proc/sys/kernel/random/boot_id)

# The process ends in the middle of a look: whatever reads /proc finds it once, and then never again.
looks=$state/looks
gone_after_one_look() {
    local words=() word
    for word in "${@:2}"; do
        if [[ $word == /proc/*/stat && -s $looks ]]; then word=/proc/4194305/stat; fi
        words+=("$word")
    done
    echo look >>"$looks"
    command "$1" "${words[@]}"
}
launch short sleep 60
# shellcheck disable=SC2317 # called by what is tested
cat() { gone_after_one_look cat "$@"; }
# shellcheck disable=SC2317
sed() { gone_after_one_look sed "$@"; }
for _ in {1..3}; do
    : >"$looks"
    pid_of short >/dev/null || true
    [[ -s $looks ]] || die "nothing looked; does this test still know how it is done?"
done 2>"$state/said"
unset -f cat sed
[[ ! -s $state/said ]] || die "a process that ended was complained about: $(head -n 3 "$state/said")"
end short TERM

# The same as it happens, many times.
for round in {1..10}; do
    launch short sleep "0.0$((round % 4))"
    while pid_of short >/dev/null; do :; done
    launch short sleep 60
    end short TERM
done 2>"$state/said"
[[ ! -s $state/said ]] || die "a process that ended was complained about: $(head -n 3 "$state/said")"

# A look at nothing at all, at each kind of nonsense, and at a process of another start or boot.
launch long sleep 60
pid=$(pid_of long)
read -r _ start _ <"$state/pids/long"
for line in '' "$pid" "$pid $start" "$pid 1 $boot" "$pid $start another-boot" "0 0 $boot" "x y $boot" "4194305 1 $boot"; do
    echo "$line" >"$state/pids/other"
    if pid_of other >>"$state/said" 2>&1; then die "\"$line\" is taken for a process of ours"; fi
done
if pid_of nothing >>"$state/said" 2>&1; then die "a name without a file runs"; fi
[[ $(wc -c <"$state/said") -eq 0 ]] || die "said: $(<"$state/said")"
[[ $(pid_of long) == "$pid" ]] || die "what runs is not found"

has_arguments "$pid" "60" || die "its arguments are not found"
if has_arguments "$pid" "6" || has_arguments 4194305 "60" 2>>"$state/said"; then die "arguments of nobody"; fi
remember gone 4194305 2>>"$state/said"
if pid_of gone 2>>"$state/said"; then die "a process that had ended before it was noted runs"; fi

end long TERM
end long TERM # once more is no fault
if kill -0 "$pid" 2>/dev/null && [[ $(state_and_start "$pid") != Z* ]]; then die "it still runs"; fi
[[ ! -s $state/said ]] || die "said: $(<"$state/said")"
echo "processes: all right"
