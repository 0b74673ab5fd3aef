"""A Modbus TCP meter of our own (an SDM630 under every unit id) that misbehaves as told."""
import socket
import threading
import time

from daemon_site import LOOPBACK, sdm630


class Meter(threading.Thread):
    def __init__(self, mode="ok"):
        super().__init__(daemon=True)
        self.mode = mode
        self.words = {}
        self.show(sdm630())
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def show(self, registers):
        for address, value in registers.items():
            for i, word in enumerate(value):
                self.words[address + i] = word

    def close(self):
        self.listener.close()

    def serve(self, peer):
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                request = b""
                while len(request) < 12:
                    more = peer.recv(12 - len(request))
                    if not more:
                        return
                    request += more
                self.answer(peer, request)
        except OSError:
            pass
        finally:
            peer.close()

    def answer(self, peer, request):
        first = int.from_bytes(request[8:10], "big")
        n = int.from_bytes(request[10:12], "big")
        body = b"".join(self.words.get(first + i, 0).to_bytes(2, "big") for i in range(n))
        tid, unit, pdu = request[0:2], request[6:7], bytes([request[7], 2 * n]) + body

        def frame(tid=tid, protocol=b"\0\0", unit=unit, pdu=pdu, more_length=0):
            return tid + protocol + (len(pdu) + 1 + more_length).to_bytes(2, "big") + unit + pdu

        mode = self.mode
        if mode == "mute":
            return
        if mode == "close":
            peer.close()
        elif mode == "exception":
            peer.sendall(frame(pdu=bytes([request[7] | 0x80, 4])))
        elif mode == "transaction":
            peer.sendall(frame(tid=bytes([request[0] ^ 0x55, request[1]])))
        elif mode == "unit":
            peer.sendall(frame(unit=bytes([unit[0] ^ 1])))
        elif mode == "length":
            peer.sendall(frame(more_length=2))
        elif mode == "protocol":
            peer.sendall(frame(protocol=b"\0\1"))
        elif mode == "count":
            peer.sendall(frame(pdu=pdu[:-2]))
        elif mode == "function":
            peer.sendall(frame(pdu=bytes([3]) + pdu[1:]))
        elif mode == "garbage":
            peer.sendall(b"\xff" * 40)
        elif mode == "truncated":
            peer.sendall(frame()[:-3])
        elif mode == "dribble":  # slow, but whole before the deadline
            for byte in frame():
                peer.sendall(bytes([byte]))
                time.sleep(0.0005)
        elif mode == "drip":  # never whole
            for byte in frame():
                peer.sendall(bytes([byte]))
                time.sleep(0.1)
        elif mode == "coalesced":  # the reply, and a foreign one in the same segment
            peer.sendall(frame() + frame(tid=b"\x77\x77"))
        elif mode == "foreign first":
            peer.sendall(frame(tid=b"\x77\x77") + frame())
        elif mode == "nan":
            peer.sendall(frame(pdu=bytes([request[7], 2 * n]) + b"\x7f\xc0\0\0" * (n // 2)))
        else:
            peer.sendall(frame())
