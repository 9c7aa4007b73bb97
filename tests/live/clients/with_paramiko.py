"""
Run a command through paramiko, and ask for a file: HOST PORT KEY COMMAND.
"""

import sys

import paramiko

host, port, key, command = sys.argv[1:]
with paramiko.SSHClient() as client:
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        host, int(port), "root", key_filename=key, allow_agent=False, look_for_keys=False
    )
    print(client.exec_command(command)[1].read().decode(), end="")
    with client.open_sftp() as sftp:
        sftp.stat("/etc/hostname")
