#!/bin/sh
# Follow every service's log.
exec slipway logs -f "$@"
