"""A site in a temporary folder and the real programs around it, for the tests beside this file.

Every process is started here and ended by its pid; every wait is bounded.
"""
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BIN = os.environ.get("ECMON_BIN_DIR", "build/dev/bin")
WORK = os.environ.get("ECMON_WORK_DIR", tempfile.gettempdir())
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ.setdefault("ECMON_SHARE_DIR", os.path.join(ROOT, "config"))
LOOPBACK = "127.0.0.1"


def program(name):
    return os.path.join(BIN, name)


def wait_until(what, condition, seconds=10.0, step=0.05):
    """The first true value of condition(); fails after the seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s: {what() if callable(what) else what}")
        time.sleep(step)


_ports_given = set()


def free_port():
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if port not in _ports_given:
            _ports_given.add(port)
            return port


class Process:
    """A child with its output in a file. Ended by pid."""

    def __init__(self, command, log_path, env=None, **options):
        self.log_path = log_path
        self.log_file = open(log_path, "ab")
        full_env = dict(os.environ, **(env or {}))
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log_file,
                                      stderr=subprocess.STDOUT, env=full_env, **options)

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def send(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, text, seconds=10.0):
        wait_until(lambda: f"no \"{text}\" in:\n{self.log()}", lambda: text in self.log(), seconds)

    def wait(self, seconds=10.0):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"pid {self.pid} still runs after {seconds} s:\n{self.log()}")

    def stop(self, seconds=10.0):
        """SIGTERM, then the exit code; killed and failed when it takes longer."""
        self.send(signal.SIGTERM)
        try:
            code = self.wait(seconds)
        except AssertionError:
            self.kill()
            raise
        self.log_file.close()
        return code

    def kill(self):
        self.send(signal.SIGKILL)
        self.popen.wait(10)
        self.log_file.close()


class Mosquitto(Process):
    """A broker on a loopback port. It keeps sessions and queues over a restart."""

    def __init__(self, folder, port, acl=None):
        os.makedirs(folder, exist_ok=True)
        lines = [f"listener {port} {LOOPBACK}", "allow_anonymous true", "persistence true",
                 f"persistence_location {folder}/", "max_queued_messages 1000000",
                 "log_dest stderr", "log_type all", "connection_messages true"]
        if os.getuid() == 0:
            lines.append("user root")
        if acl is not None:
            with open(os.path.join(folder, "acl"), "w") as file:
                file.write(acl)
            os.chmod(os.path.join(folder, "acl"), 0o700)
            lines.append(f"acl_file {folder}/acl")
        with open(os.path.join(folder, "conf"), "w") as file:
            file.write("\n".join(lines) + "\n")
        binary = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        super().__init__([binary, "-c", os.path.join(folder, "conf")], os.path.join(folder, "log"))
        self.port = port
        wait_until(lambda: "mosquitto does not start:\n" + self.log(), self.accepts)

    def accepts(self):
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


class Message:
    def __init__(self, topic, payload, retain, duplicate):
        self.topic = topic
        self.payload = payload  # bytes
        self.retain = retain    # as it was published
        self.duplicate = duplicate
        self.json = json.loads(payload)


def _text(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


class Subscriber(threading.Thread):
    """An MQTT 5 client of its own: a session that outlives connections, QoS 1, reconnects."""

    def __init__(self, port, topics, client_id="ecmon-test"):
        super().__init__(daemon=True)
        self.port = port
        self.topics = topics
        self.client_id = client_id
        self.messages = []
        self.subscribed = threading.Event()
        self.ended = False
        self.socket = None
        self.start()
        if not self.subscribed.wait(10):
            raise AssertionError("the subscriber cannot subscribe")

    def run(self):
        while not self.ended:
            try:
                self._session()
            except (OSError, EOFError):
                time.sleep(0.05)

    def close(self):
        self.ended = True
        if self.socket is not None:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.join(10)

    def _send(self, kind, body):
        length, n = b"", len(body)
        while True:
            length += bytes([n % 128 | (128 if n > 127 else 0)])
            n //= 128
            if n == 0:
                break
        self.socket.sendall(bytes([kind]) + length + body)

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _packet(self):
        kind = self._exactly(1)[0]
        n, shift = 0, 0
        while True:
            byte = self._exactly(1)[0]
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, self._exactly(n)

    def _session(self):
        self.socket = socket.create_connection((LOOPBACK, self.port), timeout=10)
        self.socket.settimeout(None)
        expiry = b"\x11" + struct.pack(">I", 0xFFFFFFFF)
        self._send(0x10, _text("MQTT") + bytes([5, 0, 0, 0, len(expiry)]) + expiry +
                   _text(self.client_id))
        kind, body = self._packet()
        if kind != 0x20 or body[1] != 0:
            raise OSError("refused")
        if body[0] & 1 == 0:  # the broker has no session of ours
            topics = b"".join(_text(topic) + b"\x09" for topic in self.topics)
            self._send(0x82, b"\x00\x01\x00" + topics)
        else:
            self.subscribed.set()
        while not self.ended:
            kind, body = self._packet()
            if kind == 0x90:
                self.subscribed.set()
            elif kind & 0xF0 == 0x30:
                self._take(kind, body)
        self.socket.close()

    def _take(self, kind, body):
        n = struct.unpack(">H", body[:2])[0]
        topic, at = body[2:2 + n].decode(), 2 + n
        packet_id = body[at:at + 2]
        if kind & 6:
            at += 2
        properties, shift = 0, 0
        while True:
            byte = body[at]
            at += 1
            properties |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        self.messages.append(Message(topic, body[at + properties:], kind & 1 == 1, kind & 8 == 8))
        if kind & 6:
            self._send(0x40, packet_id)

    def of_type(self, kind):
        return [m for m in list(self.messages) if m.json.get("type") == kind]

    def newest(self, topic):
        """The payload that came last on a topic, or None."""
        found = [m for m in list(self.messages) if m.topic == topic]
        return found[-1].json if found else None


def delivered(test, messages):
    """{seq: (topic, payload)} of the first deliveries.

    Fails when a seq came with two payloads, or a topic's seq went back at a first delivery.
    """
    first, newest = {}, {}
    for message in list(messages):
        payload = message.json
        if payload["type"] in ("status", "watermark"):
            continue
        inner = payload.get("readings", [payload])
        for member in inner:
            seq = member["seq"]
            if seq in first:
                test.assertEqual(first[seq], (message.topic, member), f"seq {seq} twice")
                continue
            test.assertGreater(seq, newest.get(message.topic, 0), message.topic)
            first[seq] = (message.topic, member)
            newest[message.topic] = seq
    return first


CONF = """\
site: {{ id: {site}, name: 试点, region: "330282" }}
store: {{ path: ecmon.db }}
collect: {{ interval: {interval}, timeout: {timeout}, retries: {retries}, backoff_max: {backoff_max} }}
control: {{ socket: ecmond.sock }}
{more}"""

ENTERPRISES = """\
id,name,size_class,industry,region
E1,甲厂,above,C3110,330282
E2,乙厂,below,C1713,330282
"""


class Site:
    """A configuration, a register and a store in a folder; the daemon and the tool on them."""

    def __init__(self, test, name="test"):
        self.test = test
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="ecmon-system.")
        self.conf_path = os.path.join(self.folder, "ecmond.yaml")
        self.processes = []
        self.daemon = None
        self.env = {}
        self.values = {"site": name, "interval": "1s", "timeout": "300ms", "retries": 1,
                       "backoff_max": "5min", "more": ""}
        self.write("enterprises.csv", ENTERPRISES)
        test.addCleanup(self.end)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name) + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path(name) + ".new", self.path(name))

    def configure(self, **values):
        self.values.update(values)
        self.write("ecmond.yaml", CONF.format(**self.values))

    def meters(self, rows, header="id,enterprise,endpoint,address,profile"):
        self.write("meters.csv", "\n".join([header] + rows) + "\n")

    def start(self, command, name, **options):
        process = Process(command, self.path(name + ".log"), **options)
        self.processes.append(process)
        return process

    def end(self):
        """Ends what still runs; on a failure, says what the daemon said."""
        result = getattr(getattr(self.test, "_outcome", None), "result", None)
        failed = any(test is self.test for test, _ in
                     getattr(result, "failures", []) + getattr(result, "errors", []))
        for process in reversed(self.processes):
            process.kill()
        if self.daemon is not None and failed:
            sys.stderr.write("--- ecmond ---\n" + self.daemon.log()[-4000:])
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the programs ---

    def shift_clock(self, ms):
        """The wall clock of the programs from now on."""
        self.env = {"LD_PRELOAD": os.path.abspath(program("shift_clock.so")),
                    "ECMON_CLOCK_SHIFT_MS": str(ms)}

    def ecmon(self, *arguments, code=None, seconds=30):
        done = subprocess.run([program("ecmon"), *arguments, "-c", self.conf_path],
                              capture_output=True, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL, env=dict(os.environ, **self.env))
        if code is not None and done.returncode != code:
            raise AssertionError(f"ecmon {' '.join(arguments)}: exit {done.returncode}, "
                                 f"not {code}\n{done.stdout}{done.stderr}")
        return done

    def rows(self, *arguments):
        return json.loads(self.ecmon(*arguments, "--output", "json", code=0).stdout)

    def status(self, *arguments):
        done = self.ecmon("status", *arguments, "--output", "json")
        if done.returncode > 1:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout)

    def start_daemon(self, seconds=5.0, **options):
        env = dict(self.env, **options.pop("env", {}))
        self.daemon = self.start([program("ecmond"), "-c", self.conf_path], "ecmond", env=env,
                                 **options)
        daemon = self.daemon
        wait_until(lambda: "ecmond does not start:\n" + daemon.log(),
                   lambda: self._serves() or not daemon.is_running(), seconds)
        if not daemon.is_running():
            raise AssertionError(f"ecmond has ended, {daemon.popen.returncode}:\n{daemon.log()}")
        return daemon

    def _serves(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path("ecmond.sock")) == 0

    def stop_daemon(self, code=0):
        began = time.monotonic()
        self.test.assertEqual(self.daemon.stop(), code)
        took = time.monotonic() - began
        self.test.assertLess(took, 5.0, "SIGTERM takes 5 s at most")
        return took

    def broker(self, name="broker", port=None, acl=None):
        broker = Mosquitto(self.path(name), port or free_port(), acl)
        self.processes.append(broker)
        return broker

    def subscribe(self, port, topics=("ecmon/v1/#",), client_id="ecmon-test"):
        subscriber = Subscriber(port, topics, client_id)
        self.test.addCleanup(subscriber.close)
        return subscriber

    def simulate(self, *arguments, seconds=15):
        process = self.start([program("ecmon"), "simulate", *arguments], "simulate")
        process.wait_log("simulating", seconds)
        return process

    # --- the store, read as others read it ---

    def last_seq(self):
        return self.sql("SELECT coalesce(max(first_seq + n - 1), 0) AS seq FROM journal")[0]["seq"]

    def stored_readings(self):
        """(meter, slot) of every row that was stored, missed slots without a row left out."""
        return {(row["id"], row["slot"]) for row in self.sql(
            "SELECT m.id AS id, (r.key >> 20) * 1000 AS slot FROM reading r "
            "JOIN meter m ON m.meter_no = r.key & 1048575")}

    def sql(self, query, *values):
        db = sqlite3.connect(f"file:{self.path('ecmon.db')}?mode=ro", uri=True, timeout=10)
        try:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query, values)]
        finally:
            db.close()

    def readings(self, meter):
        return self.sql("SELECT * FROM v_reading WHERE meter = ? ORDER BY slot_ts_ms", meter)

    def check_slots(self, meter, interval_ms):
        """One row for every slot from the first to the last."""
        slots = [row["slot_ts_ms"] for row in self.readings(meter)]
        self.test.assertTrue(slots, meter)
        self.test.assertEqual(slots, list(range(slots[0], slots[-1] + 1, interval_ms)), meter)
        return slots


# --- registers of meters, worked out here and not by the programs under test ---

def f32(value):
    """A float32, high word first."""
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def u32(value):
    return [value >> 16 & 0xFFFF, value & 0xFFFF]


def register_lines(unit, function, words):
    """{address: [words]} as lines for the independent servers."""
    return "".join(f"{unit} {function} {address} {' '.join(map(str, value))}\n"
                   for address, value in words.items())


def sdm630(kwh=1234.567, power_w=4321.5, volts=230.15):
    """Eastron SDM630, input registers, all float32 (V1.7)."""
    return {0x00: f32(volts), 0x02: f32(231.25), 0x04: f32(229.5),
            0x06: f32(10.5), 0x08: f32(11.25), 0x0A: f32(12.0),
            0x0C: f32(1440.5), 0x0E: f32(1440.5), 0x10: f32(1440.5),
            0x34: f32(power_w), 0x38: f32(4500.0), 0x3C: f32(-512.25), 0x3E: f32(0.962),
            0x46: f32(50.01), 0x48: f32(kwh), 0x4A: f32(0.25), 0x4C: f32(88.125),
            0x4E: f32(0.0), 0x54: f32(4000.0), 0xC8: f32(398.5), 0xCA: f32(399.5),
            0xCC: f32(400.5), 0xE0: f32(0.75)}


def instant(ts_ms):
    """As the programs print it at the site (Asia/Shanghai)."""
    local = time.gmtime(ts_ms // 1000 + 8 * 3600)
    return time.strftime("%Y-%m-%dT%H:%M:%S+08:00", local)


def main():
    unittest.main(module="__main__")
