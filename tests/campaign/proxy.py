# SPDX-License-Identifier: Apache-2.0
"""TCP lines that can be cut, stalled and slowed: each listens on loopback and passes everything on to one port."""

import asyncio
import threading

CHUNK = 1 << 16


class Line:
    """From one process to another."""

    def __init__(self, name, target):
        self.name, self.target = name, target
        self.port, self.delay = 0, 0.0
        self.open = None  # an asyncio.Event: set while bytes may pass
        self.connections = set()


class Lines:
    """All lines, on a thread of their own. The methods may be called from any thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, name, target):
        line = Line(name, target)
        asyncio.run_coroutine_threadsafe(self._listen(line), self.loop).result(10)
        return line

    async def _listen(self, line):
        line.open = asyncio.Event()
        line.open.set()
        server = await asyncio.start_server(lambda r, w: self._connection(line, r, w), "127.0.0.1", 0)
        line.port = server.sockets[0].getsockname()[1]

    async def _connection(self, line, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", line.target)
        except OSError:
            writer.transport.abort()
            return
        ends = (writer, far_writer)
        line.connections.add(ends)
        try:
            await asyncio.gather(self._pass(line, reader, far_writer), self._pass(line, far_reader, writer))
        except OSError:
            pass
        finally:
            line.connections.discard(ends)
            for end in ends:
                end.transport.abort()

    async def _pass(self, line, reader, writer):
        while data := await reader.read(CHUNK):
            await line.open.wait()
            if line.delay:
                await asyncio.sleep(line.delay)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    def cut(self, line):
        """Every connection of the line is reset; new ones are let through."""
        def abort():
            for ends in list(line.connections):
                for end in ends:
                    end.transport.abort()
        self.loop.call_soon_threadsafe(abort)

    def stall(self, line):
        """Nothing passes, and neither end is told."""
        self.loop.call_soon_threadsafe(line.open.clear)

    def slow(self, line, seconds):
        line.delay = seconds

    def heal(self, line):
        line.delay = 0.0
        self.loop.call_soon_threadsafe(line.open.set)

    def close(self):
        async def end():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
