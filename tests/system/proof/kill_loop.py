"""Kills ecmond and its broker at random instants, again and again, and lets the checker judge.

    kill_loop.py [N] [--seed S] [--lines L] [--meters M] [--keep]

N kills (40). Ends with the checker's exit code; --keep leaves the folder, a failure does, too.
"""
import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
# pylint: disable=wrong-import-position
import checker  # noqa: E402
from daemon_site import LOOPBACK, Process, free_port, program, wait_until  # noqa: E402
from values import PROFILE  # noqa: E402

SITE = "proof"
SECRET = "s3cret-of-the-proof"
CONF = """\
site: {{ id: {site}, name: 试点, region: "330282" }}
store: {{ path: ecmon.db }}
collect: {{ interval: 1s, timeout: 300ms, retries: 1 }}
control: {{ socket: ecmond.sock }}
mqtt: {{ url: "mqtt://{host}:{port}", username: proof, inflight: 50 }}
"""
BROKER = """\
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
log_dest stderr
log_type error
"""


def now_ms():
    return time.time_ns() // 1_000_000


class Proof:
    def __init__(self, arguments):
        self.random = random.Random(arguments.seed)
        self.broker_random = random.Random(arguments.seed + 1)
        self.folder = tempfile.mkdtemp(prefix="ecmon-proof.")
        self.lock = threading.Lock()
        self.processes = []
        self.port = free_port()
        self.starts = 0
        self.observed = -1
        self.ended = threading.Event()
        self.broker = self.daemon = None
        self.write_files(arguments)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def append(self, name, row):
        with self.lock, open(self.path(name), "a", encoding="utf-8") as file:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")

    def event(self, what, **more):
        self.append("events.jsonl", dict(t=now_ms(), what=what, **more))

    def start(self, command, log, **options):
        process = Process(command, self.path(log), **options)
        self.processes.append(process)
        return process

    def write_files(self, arguments):
        base_ms = now_ms() - 1000
        self.event("set up", base_ms=base_ms, site=SITE, secret=SECRET)
        self.meters = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "meters.py"), self.path("meters.jsonl"),
             str(base_ms), str(arguments.lines), str(arguments.meters)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = self.meters.stdout.readline().split()
        rows = ["id,enterprise,endpoint,address,profile"]
        for k, port in enumerate(ports):
            rows += [f"M{k * arguments.meters + unit:04d},E1,modbus+tcp://{LOOPBACK}:{port},"
                     f"{unit},proof" for unit in range(1, arguments.meters + 1)]
        self.write("meters.csv", "\n".join(rows) + "\n")
        self.write("enterprises.csv",
                   "id,name,size_class,industry,region\nE1,甲厂,above,C3110,330282\n")
        self.write("profiles/proof.yaml", PROFILE)
        self.write("ecmond.yaml", CONF.format(site=SITE, host=LOOPBACK, port=self.port))
        self.write("credentials/mqtt-password", SECRET)
        os.chmod(self.path("credentials/mqtt-password"), 0o600)
        self.write("broker/conf", BROKER.format(port=self.port, host=LOOPBACK,
                                                folder=self.path("broker")) +
                   ("user root\n" if os.getuid() == 0 else ""))

    # --- what runs ---

    def start_broker(self):
        binary = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.broker = self.start([binary, "-c", self.path("broker/conf")], "broker.log")
        self.event("broker started")

    def start_subscriber(self):
        with open(self.path("messages.tsv"), "wb") as out:
            command = ["mosquitto_sub", "-h", LOOPBACK, "-p", str(self.port), "-V", "mqttv5", "-c",
                       "-x", "4294967295", "-i", "proof-subscriber", "-q", "1", "-t",
                       "ecmon/v1/#", "-F", "%U\t%r\t%t\t%p"]
            for _ in range(50):  # it only comes back by itself once it was connected
                self.subscriber = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL,
                                                   stdin=subprocess.DEVNULL)
                time.sleep(0.3)
                if self.subscriber.poll() is None:
                    return
        raise AssertionError("mosquitto_sub does not start")

    def start_daemon(self):
        self.starts += 1
        self.daemon = self.start([program("ecmond"), "-c", self.path("ecmond.yaml")], "ecmond.log",
                                 env={"CREDENTIALS_DIRECTORY": self.path("credentials")})
        self.event("daemon started")

    def query(self, sql, *values):
        if not os.path.exists(self.path("ecmon.db")):
            return []
        db = sqlite3.connect(f"file:{self.path('ecmon.db')}?mode=ro", uri=True, timeout=10)
        try:
            return db.execute(sql, values).fetchall()
        except sqlite3.OperationalError:  # before the tables
            return []
        finally:
            db.close()

    def reached(self):
        """(newest seq, seq that the cursor holds)"""
        rows = self.query("SELECT ifnull((SELECT max(first_seq + n - 1) FROM journal WHERE first_seq "
                          "= (SELECT max(first_seq) FROM journal)), 0), "
                          "ifnull((SELECT acked_seq FROM sink_cursor), 0)")
        return rows[0] if rows else (0, 0)

    def observe(self):
        """Writes down what is committed: from now on it must not go."""
        seq, acked = self.reached()
        rows = self.query("SELECT * FROM reading WHERE key > ? ORDER BY key", self.observed)
        if rows:
            # late rows of the newest slots are looked at again
            self.observed = max(self.observed, rows[-1][0] - (5 << 20))
        digests = [(row[0], ",".join("" if value is None else str(value) for value in row[1:]))
                   for row in rows]
        self.append("observed.jsonl", {"t": now_ms(), "seq": seq, "acked": acked, "rows": digests})

    # --- what goes wrong ---

    def kill_daemon(self):
        self.daemon.kill()
        self.processes.remove(self.daemon)
        self.event("daemon killed")
        code = self.daemon.popen.returncode
        if code != -signal.SIGKILL:
            raise AssertionError(f"ecmond had ended by itself, {code}:\n"
                                 f"{self.daemon.log()[-3000:]}")

    def harm_broker(self):
        while not self.ended.wait(self.broker_random.uniform(1.0, 6.0)):
            hard = self.broker_random.random() < 0.5
            acked = self.reached()[1]
            if hard:
                self.broker.kill()
            else:
                self.broker.stop()
            self.processes.remove(self.broker)
            down_s = self.broker_random.uniform(0.0, 1.5)
            time.sleep(down_s)
            self.start_broker()
            if hard:
                time.sleep(2.5)  # the subscriber comes back once a second
                self.event("broker killed", from_seq=acked, to_seq=self.reached()[0])
            else:
                self.event("broker stopped")

    def run(self, n):
        self.start_broker()
        self.start_subscriber()
        self.start_daemon()
        wait_until(lambda: "nothing is stored:\n" + self.daemon.log(),
                   lambda: self.reached()[0] > 0, 20)
        harm = threading.Thread(target=self.harm_broker)
        harm.start()
        try:
            for k in range(n):
                time.sleep(self.random.choice((0.05, 0.5, 1.0, 2.0)) * self.random.random())
                if k % 2 == 0:
                    self.observe()
                time.sleep(self.random.uniform(0.0, 0.8))
                self.kill_daemon()
                self.start_daemon()
        finally:
            self.ended.set()
            harm.join()
        self.drain()

    def drain(self):
        time.sleep(3)
        self.observe()
        seq, acked = self.reached()
        began = time.monotonic()
        self.event("kills ended", seq=seq)
        wait_until(lambda: f"the backlog does not drain: {self.reached()}, {seq}",
                   lambda: self.reached()[1] >= seq, 120 + seq / 500, 0.2)
        print(f"{self.starts} starts; the last backlog of {seq - acked} gone after "
              f"{time.monotonic() - began:.1f} s")
        self.event("daemon killed")  # its end: readings of the last second may be on their way
        code = self.daemon.stop()
        self.processes.remove(self.daemon)
        if code != 0:
            raise AssertionError(f"ecmond ended with {code}")
        time.sleep(1.5)

    def end(self):
        self.ended.set()
        for process in reversed(self.processes):
            process.kill()
        if getattr(self, "subscriber", None) is not None:
            self.subscriber.terminate()
            self.subscriber.wait(10)
        self.meters.stdin.close()
        self.meters.wait(10)
        self.meters.stdout.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", nargs="?", type=int, default=40)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--lines", type=int, default=10)
    parser.add_argument("--meters", type=int, default=30, help="on each line")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    proof = Proof(arguments)
    print(f"seed {arguments.seed}, {arguments.kills} kills, folder {proof.folder}", flush=True)
    code = 1
    try:
        proof.run(arguments.kills)
        proof.end()
        code = checker.main(proof.folder)
    finally:
        if code != 0:
            proof.end()
        if code == 0 and not arguments.keep:
            shutil.rmtree(proof.folder)
        else:
            print(f"kept: {proof.folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
