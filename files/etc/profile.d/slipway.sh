# Slipway's: what every session of a shell begins with. Login shells read it from here, others through
# /etc/bash.bashrc.

# The container's variables. root's may hold secrets, and so may those of the login that SLIPWAY_USER
# asks for; those of other users are a file of their own.
if [ -f /run/slipway/environment.sh ] && [ -r /run/slipway/environment.sh ]; then
    . /run/slipway/environment.sh
elif [ -f /run/slipway/environment.login.sh ] && [ -r /run/slipway/environment.login.sh ]; then
    . /run/slipway/environment.login.sh
elif [ -f /run/slipway/environment.public.sh ] && [ -r /run/slipway/environment.public.sh ]; then
    . /run/slipway/environment.public.sh
fi

# As many open files as the container allows, where the limit is still the one that the engine gave:
# one that somebody has chosen stays.
slipway_soft=$(ulimit -S -n) slipway_hard=$(ulimit -H -n)
if [ "$slipway_soft" != "$slipway_hard" ] && [ -r /proc/1/limits ]; then
    while read -r slipway_1 slipway_2 slipway_3 slipway_4 slipway_5; do
        if [ "$slipway_1 $slipway_2 $slipway_3 $slipway_4" = "Max open files $slipway_soft" ]; then
            ulimit -S -n "$slipway_hard" 2>/dev/null || :
        fi
    done </proc/1/limits
fi
unset slipway_soft slipway_hard slipway_1 slipway_2 slipway_3 slipway_4 slipway_5

# A terminal without a description here is taken for its nearest relative that has one: NAME-256color,
# then NAME, where NAME loses a part at a time from its end.
slipway_term=${TERM-}
case $slipway_term in
'') ;;
*/* | .*) TERM=xterm-256color ;;
*)
    slipway_place=terminfo/${slipway_term%"${slipway_term#?}"}/$slipway_term
    if ! [ -e "/lib/$slipway_place" ] && ! [ -e "/usr/share/$slipway_place" ] &&
        ! infocmp "$slipway_term" >/dev/null 2>&1; then
        TERM=xterm-256color
        while :; do
            case $slipway_term in *[-.+]*) slipway_term=${slipway_term%[-.+]*} ;; *) break ;; esac
            for slipway_place in "$slipway_term-256color" "$slipway_term"; do
                if infocmp "$slipway_place" >/dev/null 2>&1; then
                    TERM=$slipway_place
                    break 2
                fi
            done
        done
        export TERM
    fi
    ;;
esac
unset slipway_term slipway_place

# Completion, in interactive shells that are no login shells, too
case $- in *i*)
    if [ -n "${BASH_VERSION-}" ] && [ -r /etc/profile.d/bash_completion.sh ]; then
        . /etc/profile.d/bash_completion.sh
    fi
    ;;
esac
