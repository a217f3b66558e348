#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real SMTP server for tests: smtp_server.py PORT FOLDER. Port 0: any; FOLDER/port says which.
Each mail becomes FOLDER/<n>.eml, first line `X-Envelope: sender recipient ...`."""
import asyncio
import os
import sys

from aiosmtpd.smtp import SMTP

port, folder = int(sys.argv[1]), sys.argv[2]


def write(name, data):
    path = os.path.join(folder, name)
    with open(path + '.new', 'wb') as f:
        f.write(data)
    os.rename(path + '.new', path)


class Keep:
    count = len([f for f in os.listdir(folder) if f.endswith('.eml')])

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        head = 'X-Envelope: %s %s\r\n' % (envelope.mail_from, ' '.join(envelope.rcpt_tos))
        write('%04d.eml' % self.count, head.encode() + envelope.content)
        return '250 OK'


async def main():
    keep = Keep()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(keep, hostname='localhost'), '127.0.0.1', port, reuse_address=True)
    write('port', str(server.sockets[0].getsockname()[1]).encode())
    await asyncio.Event().wait()


asyncio.run(main())
