"""Meters that journal every request they get and every reply they serve, as JSON lines.

    meters.py JOURNAL BASE_MS LINES METERS_PER_LINE

Prints the port of every line. Meter numbers count from 1 through all lines, unit ids from 1
within a line. Ends with its standard input.
"""
import asyncio
import json
import struct
import sys
import time

from values import N_REGISTERS, image

READ = (3, 4)


class Line(asyncio.Protocol):
    def __init__(self, journal, base_ms, first_meter, n_meters):
        self.journal = journal
        self.base_ms = base_ms
        self.first_meter = first_meter
        self.n_meters = n_meters
        self.buffer = b""
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while len(self.buffer) >= 7:
            length = struct.unpack(">H", self.buffer[4:6])[0]
            if len(self.buffer) < 6 + length:
                return
            frame, self.buffer = self.buffer[:6 + length], self.buffer[6 + length:]
            self.answer(frame)

    def answer(self, frame):
        t_ms = time.time_ns() // 1_000_000
        unit, function = frame[6], frame[7]
        row = {"t": t_ms, "meter": self.first_meter + unit - 1, "fc": function}
        pdu = None
        if function in READ and len(frame) == 12 and 1 <= unit <= self.n_meters:
            first, n = struct.unpack(">HH", frame[8:12])
            row.update(first=first, n=n)
            if n > 0 and first + n <= N_REGISTERS:
                words = image(row["meter"], t_ms, self.base_ms)[2 * first:2 * (first + n)]
                row["hex"] = words.hex()
                pdu = bytes([function, 2 * n]) + words
        if pdu is None:
            row["exception"] = 2
            pdu = bytes([function | 0x80, 2])
        self.journal.write(json.dumps(row, separators=(",", ":")) + "\n")
        self.transport.write(frame[:4] + struct.pack(">HB", len(pdu) + 1, unit) + pdu)


async def serve(journal_path, base_ms, n_lines, n_meters):
    loop = asyncio.get_running_loop()
    with open(journal_path, "a", buffering=1 << 16, encoding="ascii") as journal:
        servers = [await loop.create_server(
            lambda first=1 + k * n_meters: Line(journal, base_ms, first, n_meters),
            "127.0.0.1", 0) for k in range(n_lines)]
        print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
        ended = asyncio.Event()
        loop.add_reader(sys.stdin, ended.set)
        await ended.wait()
        for server in servers:
            server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], *map(int, sys.argv[2:5])))
