# Completion of pollster(8) in bash. Written by POLLSTER_OPTIONS=. cli_manual_test, from the tables of
# commands and options.
# shellcheck shell=bash
_pollster() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} word words own given=()
    COMPREPLY=()
    case $before in
    --config | -c | check-config | --log-file) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    esac
    # The command's words: neither flags nor their values.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || given+=("$word")
    done
    case "${given[*]}" in
        "adopt"*) own="--check" ;;
        "setup"*) own="--admin --wall --password-stdin" ;;
        "check-config"*) own="--connect" ;;
        "doctor"*) own="--nginx" ;;
        "user add"*) own="--password-stdin" ;;
        "user passwd"*) own="--password-stdin" ;;
        "session create"*) own="--count --days" ;;
        "session revoke"*) own="--user" ;;
        "wall add"*) own="--kind" ;;
        "wall remove"*) own="--yes" ;;
        "top"*) own="--once" ;;
        "canary"*) own="--every --textfile" ;;
    esac
    if [[ $current == -* ]]; then
        words="$own --config --help --version
        --listen
        --mount
        --database
        --database-read
        --database-owner
        --account
        --account-owner
        --database-connections
        --database-waiting-jobs
        --database-waiting-jobs-per-user
        --statement-timeout-ms
        --notify
        --poll-seconds
        --stream-seconds
        --stream-heartbeat-seconds
        --look-ms
        --refresh-ms
        --page-entries
        --wall-bytes
        --answer-bytes
        --history-bytes
        --recent-bytes
        --session-days
        --max-sessions-per-user
        --password-threads
        --waiting-sign-ins
        --token-keys
        --token-issuer
        --token-audience
        --cors-origins
        --cookie-name
        --cookie-path
        --secure-cookies
        --rate-limits
        --user-polls-per-second
        --address-polls-per-second
        --user-posts-per-second
        --address-posts-per-second
        --user-reads-per-second
        --address-reads-per-second
        --address-sign-ins-per-minute
        --address-refusals-per-second
        --sign-in-longest-delay-seconds
        --max-parked-per-user
        --max-parked-per-address
        --max-parked-guests
        --max-params-bytes
        --max-body-bytes
        --max-requests-per-connection
        --max-connections
        --max-parked
        --max-queued-bytes
        --max-answer-bytes
        --receive-timeout-seconds
        --send-timeout-seconds
        --stop-timeout-seconds
        --others-take-over
        --returns-per-second
        --park-releases-per-second
        --log-level
        --log-file
        --log-format"
    elif [[ ${#given[@]} -eq 0 ]]; then
        words="serve check migrate restored repair demo adopt setup check-config doctor user session wall grant revoke top canary"
    elif [[ ${#given[@]} -eq 1 ]]; then
        case ${given[0]} in
        user) words="add passwd disable enable list" ;;
        session) words="create list revoke" ;;
        wall) words="add rename remove open close list" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _pollster pollster
