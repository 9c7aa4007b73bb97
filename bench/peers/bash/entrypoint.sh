#!/bin/bash
# What images for rented GPUs do at start, by hand: the steps of Slipway's deploy.py, none of its
# checks, reports or guarantees. Nothing is slowed down; apart from the container's own sshd it is
# what such entrypoints look like.
set -e

WORKSPACE=${WORKSPACE:-/workspace}

# host keys: each container its own
ssh-keygen -A > /dev/null

# keys: appended
mkdir -p /root/.ssh /run/sshd
touch /root/.ssh/authorized_keys
for key in "$SSH_PUBKEY" "$PUBLIC_KEY" "$SSH_PUBLIC_KEY"; do
    if [ -n "$key" ]; then
        echo "$key" >> /root/.ssh/authorized_keys
    fi
done
chmod 700 /root/.ssh
chmod 600 /root/.ssh/authorized_keys

# environment: for sessions
env | grep -v -E '^(HOME|PWD|SHLVL|HOSTNAME|TERM|USER|_)=' | while IFS= read -r line; do
    echo "export ${line%%=*}=\"${line#*=}\""
done >> /root/.bashrc

# workspace: usable for its owner
mkdir -p "$WORKSPACE"
if mountpoint -q "$WORKSPACE"; then
    rm -f "$WORKSPACE/WARNING-NO-MOUNT.txt"
else
    echo "Nothing is mounted at $WORKSPACE: it is deleted with the container." \
        > "$WORKSPACE/WARNING-NO-MOUNT.txt"
fi
setfacl -d -m "u:$(stat -c %u "$WORKSPACE"):rwx" -m m::rwx "$WORKSPACE"

# services
mkdir -p /etc/supervisor/peer.d /var/log/supervisor
cat > /etc/supervisor/peer.d/sshd.conf << 'END'
[program:sshd]
command=/usr/sbin/sshd -D -e
stdout_logfile=/var/log/supervisor/sshd.log
redirect_stderr=true
END
cat > /etc/supervisor/peer.d/logtail.conf << 'END'
[program:logtail]
command=/bin/bash -c 'exec tail -n +1 -F /var/log/supervisor/sshd.log'
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
END
remotes=$(rclone listremotes 2> /dev/null | wc -l)
if [ "$remotes" -gt 0 ]; then
    echo "$remotes remotes to mount"
fi
cat > /etc/supervisor/peer.conf << 'END'
[unix_http_server]
file=/run/supervisor.sock
[supervisord]
user=root
pidfile=/run/supervisord.pid
logfile=/var/log/supervisor/supervisord.log
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[include]
files=/etc/supervisor/peer.d/*.conf
END

exec /opt/slipway/venv/bin/supervisord -n -c /etc/supervisor/peer.conf
