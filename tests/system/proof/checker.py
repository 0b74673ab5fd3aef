"""Compares what the meters served, what the store holds, and what a subscriber got.

    checker.py FOLDER

FOLDER holds meters.jsonl (meters.py), messages.tsv (mosquitto_sub: unix time, retained, topic,
payload), events.jsonl and observed.jsonl (kill_loop.py), ecmon.db (nobody has it open) and the
logs. Nothing of the daemon is used here: own decoding, own arithmetic. Prints one JSON object,
a line per invariant; exit code 1 when anything was lost, duplicated, wrong or unexpected.
"""
import collections
import json
import os
import sqlite3
import sys

from values import POINTS, encode, image

STATUS = ("ok partial timeout refused connection exception bad_frame bad_crc bad_unit range "
          "missed clock disabled").split()
ENERGY = {"energy_import": "energy_import_wh", "energy_export": "energy_export_wh",
          "reactive_import": "reactive_import_varh", "reactive_export": "reactive_export_varh"}
UNCOMMITTED_MS = 2500  # a reading may be this old and not on disk yet: group commit, slow disk
START_MS = 5000        # first slot again after a start
CLOCK_MS = 2           # two programs read the clock, each in whole milliseconds
CLASSES = ("ok", "lost", "duplicated", "wrong", "unexpected")
BAD = CLASSES[1:]


class Report:
    def __init__(self):
        self.rows = {}
        self.samples = collections.defaultdict(list)

    def count(self, invariant, kind, n=1, what=None):
        row = self.rows.setdefault(invariant, dict.fromkeys(CLASSES, 0))
        row[kind] = row.get(kind, 0) + n
        if kind in BAD and what is not None and len(self.samples[invariant]) < 5:
            self.samples[invariant].append(f"{kind}: {what}")

    def is_good(self):
        return not any(row[kind] for row in self.rows.values() for kind in BAD)


def lines(path):
    """Whole lines only: the last one of a killed writer may be half."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield line


class Outages:
    """When nothing could be stored, because the daemon was dead or had just been killed."""

    def __init__(self, events):
        self.spans = []
        killed = None
        for event in events:
            if event["what"] == "daemon killed":
                killed = event["t"]
            elif event["what"] == "daemon started" and killed is not None:
                self.spans.append((killed - UNCOMMITTED_MS, event["t"] + START_MS))
                killed = None
        if killed is not None:
            self.spans.append((killed - UNCOMMITTED_MS, 1 << 62))

    def cover(self, t_ms):
        return any(a <= t_ms <= b for a, b in self.spans)


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row
        self.names = {no: name for no, name in self.db.execute("SELECT meter_no, id FROM meter")}
        self.readings = {}
        for row in self.db.execute("SELECT * FROM reading"):
            row = dict(row)
            key = row.pop("key")
            self.readings[(self.names[key & 0xFFFFF], (key >> 20) * 1000)] = row
        self.journal = self._journal()
        self.acked = self.value("SELECT coalesce(max(acked_seq), 0) FROM sink_cursor")
        self.epoch = int(self.value("SELECT value FROM meta WHERE key = 'epoch_ms'"))

    def value(self, sql):
        return self.db.execute(sql).fetchone()[0]

    def _journal(self):
        """{seq: (kind, meter or None, time, late)}; None under a seq that is there twice."""
        found = {}
        for first, n, kind, slot, flags, members in self.db.execute(
                "SELECT first_seq, n, kind, slot_ts_ms, flags, members FROM journal"):
            at, meter = 0, 0
            for k in range(n):
                number, at = varint(members, at)
                if kind in (1, 2):
                    meter += (number >> 1) ^ -(number & 1)
                    if kind == 2:
                        _, at = varint(members, at)
                seq = first + k
                entry = (kind, self.names.get(meter), slot, flags & 1 == 1)
                found[seq] = None if seq in found else entry
        return found


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


class Checker:
    def __init__(self, folder):
        self.folder = folder
        self.report = Report()
        self.events = [json.loads(line) for line in lines(self.path("events.jsonl"))]
        self.setup = self.events[0]
        self.outages = Outages(self.events)
        self.store = Store(self.path("ecmon.db"))
        self.replies = collections.defaultdict(dict)  # meter: {words: time}
        self.read_meters()
        self.first, self.copies, self.order = {}, collections.Counter(), []
        self.read_messages()

    def path(self, name):
        return os.path.join(self.folder, name)

    def read_meters(self):
        """I17 on the way: nothing but reads was ever asked."""
        for line in lines(self.path("meters.jsonl")):
            row = json.loads(line)
            kind = "ok" if row["fc"] in (3, 4) else "wrong"
            self.report.count("I17", kind, what=line)
            if "hex" in row:
                whole = image(row["meter"], row["t"], self.setup["base_ms"])
                words = bytes.fromhex(row["hex"])
                if whole[2 * row["first"]:2 * (row["first"] + row["n"])] != words:
                    self.report.count("I2", "wrong", what="the meter itself: " + line)
                self.replies[f"M{row['meter']:04d}"][words] = row["t"]

    def read_messages(self):
        for line in lines(self.path("messages.tsv")):
            at, _, topic, payload = line.rstrip("\n").split("\t", 3)
            message = json.loads(payload)
            if message["type"] in ("status", "watermark"):
                continue
            seq = message["seq"]
            self.copies[seq] += 1
            if seq not in self.first:
                self.first[seq] = (topic, payload, message, float(at))
                self.order.append(seq)
            elif self.first[seq][:2] != (topic, payload):
                self.report.count("I4", "wrong", what=f"seq {seq} with two payloads")

    # --- meters and store ---

    def slots(self):
        """I1: one outcome for each meter and slot; a missed one has a reason in events."""
        times = [t for t, in self.store.db.execute(
            "SELECT slot_ts_ms FROM slot WHERE interval_s = 1 ORDER BY slot_ts_ms")]
        dense = range(times[0], times[-1] + 1, 1000)
        for t_ms in set(dense) - set(times):
            self.report.count("I1", "lost", what=f"slot {t_ms} is not in the schedule")
        spans = collections.defaultdict(list)
        for no, a, b in self.store.db.execute(
                "SELECT meter_no, from_ms, until_ms FROM meter_span"):
            spans[self.store.names[no]].append((a, b))
        newest = max(slot for _, slot in self.store.readings)
        for meter in self.store.names.values():
            for t_ms in dense:
                due = sum(a <= t_ms < b for a, b in spans[meter])
                self.slot(meter, t_ms, due, newest)
        for meter, t_ms in self.store.readings.keys():
            if not times[0] <= t_ms <= times[-1]:
                self.report.count("I1", "unexpected", what=f"{meter} {t_ms} is no slot")

    def slot(self, meter, t_ms, due, newest):
        row = self.store.readings.get((meter, t_ms))
        what = f"{meter} {t_ms}"
        if due > 1:
            self.report.count("I1", "duplicated", what=what)
        elif due == 0:
            if row is not None:
                self.report.count("I1", "unexpected", what=what)
        elif row is not None:
            self.report.count("I1", "ok" if row["status"] == 0 else STATUS[row["status"]])
        elif self.outages.cover(t_ms) or t_ms >= newest - 1000:
            self.report.count("I1", "missed")
        else:
            self.report.count("I1", "lost", what=what)

    def values(self):
        """I2: each stored value was served, by that meter, inside its slot. I3: the reverse."""
        used = collections.defaultdict(set)
        for (meter, slot), row in self.store.readings.items():
            has = [name for name, *_ in POINTS if row[name] is not None]
            if row["status"] != 0:
                self.report.count("I2", "unexpected" if has else "ok", what=f"{meter} {slot}")
                continue
            words = encode({name: row[name] or 0 for name, *_ in POINTS})
            t_ms = self.replies[meter].get(words)
            if t_ms is None:
                self.report.count("I2", "unexpected", what=f"{meter} {slot} was never served")
            elif words in used[meter]:
                self.report.count("I2", "duplicated", what=f"{meter} {slot}")
            elif not slot - CLOCK_MS <= t_ms <= slot + row["arrival_ms"] + CLOCK_MS:
                self.report.count("I2", "wrong", what=f"{meter} {slot} was served at {t_ms}")
            else:
                self.report.count("I2", "ok")
            used[meter].add(words)
        self.served(used)

    def served(self, used):
        for meter, replies in self.replies.items():
            for words, t_ms in replies.items():
                slot = t_ms // 1000 * 1000
                rows = [self.store.readings.get((meter, s)) for s in (slot, slot - 1000)]
                if words in used[meter]:
                    self.report.count("I3", "ok")
                elif any(row is not None and row["status"] != 0 for row in rows):
                    self.report.count("I3", "refused")  # too late, with a reason
                elif self.outages.cover(t_ms):
                    self.report.count("I3", "not committed")
                elif t_ms >= self.setup.get("ended_ms", 1 << 62) - 1000:
                    self.report.count("I3", "not committed")
                else:
                    self.report.count("I3", "lost", what=f"{meter} served at {t_ms}")

    # --- store and subscriber ---

    def delivered(self):
        """I4 and I6: row and message are the same, and every row has one."""
        broken = self.broken_by_the_broker()
        for seq, entry in sorted(self.store.journal.items()):
            if entry is None:
                self.report.count("I4", "duplicated", what=f"seq {seq} in the journal")
            elif seq in self.first:
                self.compare(seq, entry)
            elif seq > self.store.acked:
                self.report.count("I4", "pending")
            elif any(a < seq <= b for a, b in broken):
                self.report.count("I4", "lost by the killed broker")
            else:
                self.report.count("I4", "lost", what=f"seq {seq}")
        for seq in self.first:
            known = seq in self.store.journal
            self.report.count("I6", "ok" if known else "unexpected", what=f"seq {seq}")
        self.report.count("I4", "repeated", sum(self.copies.values()) - len(self.copies))

    def broken_by_the_broker(self):
        """(after seq, to seq) of what a broker that was killed may have acknowledged and lost."""
        return [(event["from_seq"], event["to_seq"]) for event in self.events
                if event["what"] == "broker killed"]

    def compare(self, seq, entry):
        topic, _, message, _ = self.first[seq]
        kind, meter, t_ms, late = entry
        good = (message["epoch"] == self.store.epoch and message["site"] == self.setup["site"] and
                message["late"] == late)
        if kind == 1:
            row = self.store.readings.get((meter, t_ms))
            good = (good and message["type"] == "reading" and row is not None and
                    topic == f"ecmon/v1/{self.setup['site']}/meter/{meter}/reading" and
                    self.same_reading(message, meter, t_ms, row))
        elif kind == 2:
            good = (good and message["type"] == "interval" and message["meter"] == meter and
                    message["start_ts_ms"] == t_ms)
        self.report.count("I4", "ok" if good else "wrong", what=f"seq {seq}: {message}")

    @staticmethod
    def same_reading(message, meter, slot, row):
        values = {ENERGY.get(name, name): value for name, value in row.items()
                  if value is not None and name not in ("arrival_ms", "status", "detail")}
        ts_ms = None if row["arrival_ms"] is None else slot + row["arrival_ms"]
        return (message["meter"] == meter and message["slot_ts_ms"] == slot and
                message["ts_ms"] == ts_ms and message["status"] == STATUS[row["status"]] and
                message.get("detail") == row["detail"] and message["values"] == values)

    def order_of_seq(self):
        """I5: first deliveries of a topic in increasing seq; the journal without a gap."""
        newest = {}
        for seq in self.order:
            topic = self.first[seq][0]
            kind = "ok" if seq > newest.get(topic, 0) else "wrong"
            self.report.count("I5", kind, what=f"seq {seq} after {newest.get(topic)} on {topic}")
            newest[topic] = max(seq, newest.get(topic, 0))
        last = max(self.store.journal, default=0)
        for seq in range(1, last + 1):
            if seq not in self.store.journal:
                self.report.count("I5", "lost", what=f"no seq {seq} in the journal")
        journaled = {(entry[1], entry[2]) for entry in self.store.journal.values()
                     if entry is not None and entry[0] == 1}
        n_readings = sum(1 for entry in self.store.journal.values() if entry and entry[0] == 1)
        self.report.count("I5", "duplicated", n_readings - len(journaled))
        for key in self.store.readings.keys() - journaled:
            self.report.count("I5", "lost", what=f"{key} is stored, not in the journal")
        for key in journaled - self.store.readings.keys():
            self.report.count("I5", "unexpected", what=f"{key} is in the journal, not stored")

    # --- energy, time, secrets ---

    def energy(self):
        """I7: what the intervals of a meter add up to is what its counter went on by."""
        runs = collections.defaultdict(list)
        for row in self.store.db.execute("SELECT * FROM interval ORDER BY key"):
            if row["energy_import_wh"] is not None and row["quality"] in (0, 1):
                runs[row["key"] & 0xFFFFF].append(row)
        self.report.count("I7", "ok", 0)
        for no, rows in runs.items():
            for row in rows:
                difference = row["end_register"] - row["start_register"]
                good = abs(difference - row["energy_import_wh"]) <= 1
                self.report.count("I7", "ok" if good else "wrong", what=dict(row))
            for a, b in zip(rows, rows[1:]):
                if (b["key"] >> 20) - (a["key"] >> 20) == 900:
                    good = a["end_register"] == b["start_register"]
                    self.report.count("I7", "ok" if good else "wrong",
                                      what=(self.store.names[no], a["key"], b["key"]))

    def kept(self):
        """I11: whatever was once seen committed is there, unchanged."""
        for line in lines(self.path("observed.jsonl")):
            seen = json.loads(line)
            for key, digest in seen["rows"]:
                row = self.store.readings.get((self.store.names[key & 0xFFFFF],
                                               (key >> 20) * 1000))
                now = None if row is None else row_digest(row)
                kind = "ok" if now == digest else "lost" if now is None else "wrong"
                self.report.count("I11", kind, what=f"{key}, seen at {seen['t']}")
            if seen["acked"] > self.store.acked or seen["seq"] > max(self.store.journal):
                self.report.count("I11", "lost", what=f"seq {seen['seq']} or the cursor went back")

    def drained(self):
        """I12: nothing waits that was there when the kills ended."""
        for event in self.events:
            if event["what"] == "kills ended":
                waiting = max(0, event["seq"] - self.store.acked)
                self.report.count("I12", "lost" if waiting else "ok", max(1, waiting),
                                  what=f"{waiting} rows of the outages still wait")

    def secrets(self):
        """I18: the password is in no log, no message, no store."""
        secret = self.setup["secret"].encode()
        for name in sorted(os.listdir(self.folder)):
            if name not in ("events.jsonl", "credentials") and os.path.isfile(self.path(name)):
                with open(self.path(name), "rb") as file:
                    kind = "unexpected" if secret in file.read() else "ok"
                self.report.count("I18", kind, what=name)

    def file(self):
        for pragma in ("quick_check", "integrity_check"):
            said = self.store.value(f"PRAGMA {pragma}")
            self.report.count("I20", "ok" if said == "ok" else "wrong", what=said)

    def run(self):
        for check in (self.file, self.slots, self.values, self.delivered, self.order_of_seq,
                      self.energy, self.kept, self.drained, self.secrets):
            check()
        return self.report


def row_digest(row):
    """A row of reading without its key, as the observer wrote it down."""
    return ",".join("" if value is None else str(value) for value in row.values())


def main(folder):
    checker = Checker(folder)
    report = checker.run()
    names = sorted(report.rows, key=lambda name: int(name[1:]))
    print(json.dumps({name: {kind: n for kind, n in report.rows[name].items() if n or kind in
                             CLASSES} for name in names}).replace("}, ", "},\n "))
    for name, samples in report.samples.items():
        for sample in samples:
            print(f"{name} {sample}")
    delays = sorted(message[3] - message[2]["slot_ts_ms"] / 1000
                    for message in checker.first.values() if message[2]["type"] == "reading")
    if delays:
        print(f"{len(checker.store.readings)} rows, {len(checker.store.journal)} seqs, "
              f"{len(checker.first)} delivered; slot to subscriber: median "
              f"{delays[len(delays) // 2]:.2f} s, most {delays[-1]:.2f} s")
    print("good" if report.is_good() else "NOT GOOD")
    return 0 if report.is_good() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
