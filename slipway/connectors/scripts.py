"""
What runs in a container that need not have Python, for POSIX sh.
"""

# What slipway/system/atomic.py does: a draft beside the file, owner and mode of a file that is
# there. The size is checked, as a transfer that was cut off looks like one that has ended.
PUT = """\
set -eC; umask 077
path=$(readlink -f -- {path} && echo .) || {{ echo "no such directory" >&2; exit 1; }}
path=${{path%??}}; draft=${{path%/*}}/.${{path##*/}}.slipway
trap 'rm -f -- "$draft"' EXIT
rm -f -- "$draft"; cat > "$draft"
[ "$(wc -c < "$draft")" -eq {size} ] || {{ echo "cut off" >&2; exit 1; }}
if [ -e "$path" ]; then
chown "$(stat -c %u:%g -- "$path")" "$draft"; chmod "$(stat -c %a -- "$path")" "$draft"; fi
mv -T -- "$draft" "$path"; trap - EXIT
"""

# What slipway/system/processes.py does with the groups and processes that are its arguments
KILL = """\
exec 2> /dev/null
doomed=" $* "
kill -s STOP $doomed
while before=$doomed
for stat in /proc/[0-9]*/stat; do
read -r line < "$stat" || continue
pid=${line%% *}; set -- ${line##*) }
case $doomed in
*" $pid "*) ;;
*" $2 "* | *" $3 "*) kill -s STOP "$pid"; doomed="$doomed$pid " ;;
esac; done
[ "$doomed" != "$before" ]; do :; done
kill -s KILL $doomed
true
"""
