# Slipway's: the container's variables for login shells. Other shells read it through /etc/bash.bashrc.
if [ -f /run/slipway/environment.sh ] && [ -r /run/slipway/environment.sh ]; then
    . /run/slipway/environment.sh
fi
