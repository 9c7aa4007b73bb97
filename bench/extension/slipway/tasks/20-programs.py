from pyinfra import host

from slipway.operations import service

variables = host.data.variables
for number in range(3):
    where = variables["BENCH_PORT"] + number
    service.program(
        name=f"Run bench-{number}",
        program=f"bench-{number}",
        command=["/opt/bench/bin/python", "-m", "http.server", str(where)],
        environment={"WORD": variables["BENCH_WORD"]},
        directory="/srv",
        port=where,
        ready="tcp",
        after=[f"bench-{number - 1}"] if number else [],
    )
