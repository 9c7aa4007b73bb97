#!/bin/sh
# Read by shells: the container's variables.
for file in /run/s6/container_environment/*; do
    [ -r "$file" ] && export "${file##*/}=$(cat "$file")"
done
