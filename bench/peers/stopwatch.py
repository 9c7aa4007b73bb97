"""
Runs in a container: times a command there, so that `docker exec` itself is not measured.

Prints one JSON document: seconds, exit code, the end of the output.
"""

import json
import subprocess
import sys
import time

began = time.monotonic()
done = subprocess.run(sys.argv[1:], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
seconds = time.monotonic() - began
output = done.stdout.decode(errors="replace")[-4000:]
print(json.dumps({"seconds": seconds, "code": done.returncode, "output": output}))
