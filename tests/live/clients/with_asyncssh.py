"""
Run a command through asyncssh, and ask for a file: HOST PORT KEY COMMAND.
"""

import asyncio
import sys

import asyncssh


async def main(host: str, port: str, key: str, command: str) -> None:
    """
    Know no host key, and no key but this one.
    """
    async with asyncssh.connect(
        host, int(port), username="root", client_keys=[key], known_hosts=None, config=None
    ) as connection:
        print((await connection.run(command, check=True)).stdout, end="")
        async with connection.start_sftp_client() as sftp:
            await sftp.stat("/etc/hostname")


asyncio.run(main(*sys.argv[1:]))
