"""What ecmond publishes through a real mosquitto: topics, payloads, and that nothing is lost."""
import json
import os
import random
import shutil
import subprocess
import time
import unittest

from daemon_meter import Meter
from daemon_site import (LOOPBACK, Site, delivered, free_port, instant, main, sdm630, wait_until)

ROOT = "ecmon/v1/cixi"
QUARTER_MS = 900000

HEAD = {"type", "site", "epoch", "seq"}
READING = HEAD | {"meter", "slot_ts_ms", "ts_ms", "status", "late", "values"}
FAILED = READING | {"detail"}
STATUS = {"type", "state", "site", "version", "epoch", "since", "zone", "config_sha256",
          "register_sha256", "methods_sha256", "clock_synced"}
INTERVAL = HEAD | {"late", "meter", "enterprise", "start_ts_ms", "start_ts", "point",
                   "energy_import_wh", "energy_export_wh", "reactive_import_varh",
                   "reactive_export_varh", "max_power_w", "quality", "revision"}
E1 = """day method group_kind group_id group_name n_scope n_valid n_resumed n_not_resumed n_produced
    n_zero n_missing n_no_baseline n_mixed_source energy_wh energy_kwh baseline_wh baseline_kwh
    resumption_rate resumption_rate_pct production_rate production_rate_pct
    production_rate_resumed production_rate_resumed_pct produced_rate produced_rate_pct
    resumption_index resumption_low resumption_low_pct resumption_high resumption_high_pct
    coverage_firms coverage_firms_pct coverage_kwh coverage_kwh_pct d1_resumption_pp
    d1_production_pp ma7_resumption ma7_production target_resumption target_production light
    status stage suppressed revision inputs_sha256"""
RATE = HEAD | {"late"} | set(E1.split())
E3 = """enterprise name period period_kind method purchased_kwh self_pv_kwh green_kwh energy_tce
    energy_tce_primary scope1_t heat_t co2_location_t co2_market_t co2_graded_t value_added_cny
    value_added_wan intensity benchmark benchmark_period benchmark_source ratio level grade
    neutral_rate neutral_rate_pct factor_kg_per_kwh factor_region factor_year coverage
    coverage_pct status reason revision inputs_sha256"""
CARBON = HEAD | {"late"} | set(E3.split())
HIDDEN = ("energy_wh energy_kwh baseline_wh baseline_kwh resumption_rate resumption_rate_pct "
          "production_rate production_rate_pct resumption_low resumption_low_pct "
          "resumption_high resumption_high_pct resumption_index").split()

FIRMS = """\
id,name,size_class,industry,region
A,甲厂,above,C3110,330282
B,乙厂,above,C3110,330282
C,丙厂,above,C3110,330282
D,丁厂,below,C1713,330282
E,戊厂,below,C1713,330282
F,己厂,below,C1713,330282
"""
BASELINE_KWH = {"A": 10000, "B": 10000, "C": 10000, "D": 500, "E": 500, "F": 2000}
DAY_KWH = {"A": 9000, "B": 2999, "C": 3000, "D": 0, "E": 600}


class PublishTest(unittest.TestCase):
    def setUp(self):
        self.site = Site(self, "cixi")
        self.port = free_port()

    def add_meters(self, n=3, dead=0):
        """n meters behind one server, then dead ones behind a mute one."""
        self.meter = Meter("ok")
        self.mute = Meter("mute")
        self.addCleanup(self.meter.close)
        self.addCleanup(self.mute.close)
        self.site.meters(
            [f"M{i},E1,modbus+tcp://{LOOPBACK}:{self.meter.port},{i},eastron-sdm630"
             for i in range(1, n + 1)] +
            [f"DEAD{i},E1,modbus+tcp://{LOOPBACK}:{self.mute.port},{i},eastron-sdm630"
             for i in range(1, dead + 1)])

    def configure(self, more="", url=None, **values):
        url = url or f"mqtt://{LOOPBACK}:{self.port}"
        self.site.configure(more=f"mqtt: {{ url: \"{url}\"{more} }}\n", **values)

    def start_broker(self, acl=None):
        self.broker = self.site.broker("broker", self.port, acl)
        return self.broker

    def wait_delivered(self, subscriber, seconds=30):
        """Everything that is in the journal now comes, without a gap. Returns it by seq."""
        last = self.site.last_seq()
        self.assertGreater(last, 0)
        wait_until(lambda: f"missing: {self.missing(subscriber, last)[:10]} of {last}",
                   lambda: not self.missing(subscriber, last), seconds, 0.2)
        return delivered(self, subscriber.messages)

    def missing(self, subscriber, last):
        seen = set()
        for message in list(subscriber.messages):
            for member in message.json.get("readings", [message.json]):
                if message.json["type"] not in ("status", "watermark"):
                    seen.add(member["seq"])
        return [seq for seq in range(1, last + 1) if seq not in seen]

    def check_nothing_lost(self, subscriber, seconds=30):
        stored = self.site.stored_readings()
        got = self.wait_delivered(subscriber, seconds)
        readings = {(p["meter"], p["slot_ts_ms"]) for _, p in got.values()
                    if p.get("type", "reading") == "reading"}
        self.assertLessEqual(stored, readings)
        return got


class Payloads(PublishTest):
    def test_readings_status_and_watermark(self):
        self.add_meters(2, dead=1)
        self.configure()
        self.start_broker()
        subscriber = self.site.subscribe(self.port)
        self.site.start_daemon()
        wait_until("no watermark", lambda: subscriber.newest(ROOT + "/watermark"), 25)
        wait_until("no failed slot", lambda: subscriber.newest(ROOT + "/meter/DEAD1/reading"))
        self.site.stop_daemon()
        got = delivered(self, subscriber.messages)
        by_slot = {(row["meter"], row["slot_ts_ms"]): row for meter in ("M1", "M2", "DEAD1")
                   for row in self.site.readings(meter)}
        epoch = int(self.site.sql("SELECT value FROM meta WHERE key = 'epoch_ms'")[0]["value"])
        failed = 0
        for topic, payload in got.values():
            if payload["type"] != "reading":
                continue
            self.assertEqual(topic, f"{ROOT}/meter/{payload['meter']}/reading")
            self.assertEqual((payload["type"], payload["site"], payload["epoch"]),
                             ("reading", "cixi", epoch))
            row = by_slot[(payload["meter"], payload["slot_ts_ms"])]
            self.assertEqual((payload["status"], payload["ts_ms"], payload.get("detail")),
                             (row["status"], row["ts_ms"], row["detail"]))
            self.assertIs(payload["late"], False)
            if payload["status"] == "ok":
                self.assertEqual(set(payload), READING)
                self.assertEqual(payload["values"]["energy_import_wh"], 1234567)
                for key, value in payload["values"].items():
                    self.assertEqual(value, row[key], key)
                    self.assertIs(type(value), int)
                self.assertEqual({key for key in payload["values"]},
                                 {key for key, value in row.items() if value is not None and
                                  key not in ("meter", "slot_ts_ms", "ts_ms", "status", "detail")})
            else:
                failed += 1
                self.assertEqual(set(payload), FAILED)
                self.assertEqual(payload["values"], {})
        self.assertGreaterEqual(failed, 1)
        self.assertFalse(any(m.retain for m in subscriber.of_type("reading")))
        self.check_status(subscriber, epoch)
        for message in subscriber.of_type("watermark"):
            self.assertEqual(set(message.json), HEAD)
            self.assertIn(message.json["seq"], got)
            before = {m.json["seq"] for m in subscriber.messages[
                :subscriber.messages.index(message)] if m.json["type"] in ("reading", "rate")}
            self.assertLessEqual(set(range(1, message.json["seq"] + 1)), before)

    def check_status(self, subscriber, epoch):
        states = [m for m in subscriber.of_type("status")]
        self.assertEqual([m.json["state"] for m in states], ["online", "offline"])
        for message in states:
            self.assertEqual((message.topic, message.retain), (ROOT + "/status", True))
            self.assertEqual(set(message.json), STATUS)
            self.assertEqual((message.json["epoch"], message.json["zone"]), (epoch, "internet"))
            self.assertRegex(message.json["register_sha256"], "^[0-9a-f]{64}$")

    def test_mosquitto_sub_sees_the_same(self):
        self.add_meters(1)
        self.configure()
        self.start_broker()
        self.site.start_daemon()
        wait_until("not online", lambda: "ecmon/v1/cixi/status" in self.broker.log())
        done = subprocess.run(
            ["mosquitto_sub", "-h", LOOPBACK, "-p", str(self.port), "-V", "mqttv5", "-q", "1",
             "-t", "ecmon/v1/#", "-C", "3", "-W", "20", "-F", "%r %q %t %p"],
            capture_output=True, text=True, timeout=30)
        lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
        self.assertEqual(len(lines), 3, done.stderr)
        self.assertEqual(lines[0][:3], ["1", "1", ROOT + "/status"])  # retained, first
        for retained, qos, topic, payload in lines[1:]:
            self.assertEqual((retained, qos, topic), ("0", "1", ROOT + "/meter/M1/reading"))
            # what a loaded machine made of the slot is no matter here
            self.assertIn(json.loads(payload)["status"], ("ok", "missed", "timeout"))

    def test_a_quarter_hour_is_published_with_its_energy(self):
        site = self.site
        now_ms = int(time.time() * 1000)
        boundary_ms = (now_ms // QUARTER_MS + 1) * QUARTER_MS
        self.add_meters(1)
        self.configure()
        self.start_broker()
        subscriber = site.subscribe(self.port)
        site.shift_clock(boundary_ms - 3000 - now_ms)
        site.start_daemon()
        wait_until("not over the boundary", lambda: any(
            row["slot_ts_ms"] >= boundary_ms + 1000 for row in site.readings("M1")))
        site.stop_daemon()
        self.meter.show(sdm630(kwh=1235.567))  # 1 kWh more
        ahead_ms = boundary_ms + QUARTER_MS - 3000 - int(time.time() * 1000)
        site.shift_clock(ahead_ms)
        site.start_daemon()
        topic = ROOT + "/meter/M1/interval"
        wait_until("no interval", lambda: any(
            m.topic == topic and m.json["start_ts_ms"] == boundary_ms
            for m in subscriber.messages), 45)
        rows = site.rows("export", "intervals", "--from", instant(boundary_ms), "--to",
                         instant(boundary_ms + QUARTER_MS))
        site.stop_daemon()
        payload = [m.json for m in subscriber.messages
                   if m.topic == topic and m.json["start_ts_ms"] == boundary_ms][-1]
        self.assertEqual(set(payload), INTERVAL)
        self.assertEqual((payload["energy_import_wh"], payload["energy_export_wh"],
                          payload["enterprise"], payload["revision"]), (1000, 0, "E1", 0))
        self.assertEqual(payload["start_ts"], instant(boundary_ms))
        self.assertEqual(payload["point"], (boundary_ms + 8 * 3600000) // QUARTER_MS % 96 + 1)
        self.assertEqual(len(rows), 1)
        for key in ("energy_import_wh", "quality", "max_power_w"):
            self.assertEqual(rows[0][key], payload[key], key)

    def test_rates_and_grades_are_retained_rows_of_the_tool(self):
        site = self.site
        site.write("enterprises.csv", FIRMS)
        site.meters([])
        os.makedirs(site.path("benchmarks"))
        site.write("benchmarks/test.csv",
                   "industry,region,period,t_per_1e4cny,source\nC31,330282,2019,2.4,test\n")
        self.configure()
        self.start_broker()
        subscriber = site.subscribe(self.port)
        site.start_daemon()
        lines = ["enterprise,day,kwh"]
        for firm, kwh in BASELINE_KWH.items():
            lines += [f"{firm},2019-12-{day:02},{kwh}" for day in range(1, 32)]
        lines += [f"{firm},2020-02-20,{kwh}" for firm, kwh in DAY_KWH.items()]
        site.write("energy.csv", "\n".join(lines) + "\n")
        site.write("output.csv", "enterprise,period,value_added_wan\nA,2019-12,100\n")
        site.ecmon("import", "energy", site.path("energy.csv"), code=0)
        site.ecmon("import", "output", site.path("output.csv"), code=0)
        asked = {row["group_kind"] + "/" + row["group_id"]: row
                 for by in ("all", "size_class", "industry")
                 for row in site.rows("rates", "--day", "2020-02-20", "--by", by)}
        grades = site.rows("carbon", "--period", "2019-12")
        self.assertEqual(asked["all/all"]["production_rate_pct"], 50.32)
        for group, row in asked.items():
            with self.subTest(group):
                self.check_rate(subscriber, group, row)
        newest = [m for m in subscriber.messages if m.topic == ROOT + "/rate/all/all"]
        self.assertTrue(any(m.retain for m in newest))
        for i, message in enumerate(newest):
            day = max([m.json["day"] for m in newest[:i] if m.retain], default="")
            self.assertEqual(message.retain, message.json["day"] >= day, message.json["day"])
        for row in grades:
            with self.subTest(row["enterprise"]):
                message = self.check_row(
                    subscriber, f"{ROOT}/carbon/{row['enterprise']}/month", "carbon", CARBON,
                    row, lambda p: p["period"] == "2019-12")
                self.assertTrue(message.retain)
                self.assertEqual({key: message.json[key] for key in row}, row)
        site.stop_daemon()
        delivered(self, subscriber.messages)

    def check_row(self, subscriber, topic, kind, keys, row, which):
        def newest():
            found = [m for m in list(subscriber.messages) if m.topic == topic and which(m.json)]
            return found[-1] if found and found[-1].json["revision"] == row["revision"] else None

        message = wait_until(f"nothing on {topic}", newest, 15)
        self.assertLessEqual(keys, set(message.json))
        self.assertEqual((message.json["type"], message.json["site"]), (kind, "cixi"))
        self.assertEqual(set(message.json) - {"late"} - HEAD, set(row))
        return message

    def check_rate(self, subscriber, group, row):
        message = self.check_row(subscriber, f"{ROOT}/rate/{group}", "rate", RATE, row,
                                 lambda p: p["day"] == row["day"])
        for key, value in row.items():
            if row["suppressed"] and (key in HIDDEN or message.json[key] is None):
                self.assertIsNone(message.json[key], key)
            else:
                self.assertEqual(message.json[key], value, key)

    def test_batches_carry_their_members(self):
        self.add_meters(5, dead=1)
        self.configure(", batch: 10")
        self.start_broker()
        subscriber = self.site.subscribe(self.port)
        self.site.start_daemon()
        wait_until("no three batches", lambda: len(subscriber.of_type("readings")) >= 3, 20)
        got = self.check_nothing_lost(subscriber)
        self.site.stop_daemon()
        self.assertFalse(subscriber.of_type("reading"))
        sizes = []
        for message in subscriber.of_type("readings"):
            payload = message.json
            self.assertEqual((message.topic, message.retain), (ROOT + "/readings", False))
            self.assertEqual(set(payload), HEAD | {"readings"})
            seqs = [member["seq"] for member in payload["readings"]]
            self.assertEqual(payload["seq"], seqs[0])
            self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))
            sizes.append(len(seqs))
            for member in payload["readings"]:
                self.assertEqual(set(member) - {"detail"},
                                 READING - {"type", "site", "epoch"})
        self.assertLessEqual(max(sizes), 10)
        self.assertGreater(max(sizes), 1)
        self.assertTrue(got)


class Outages(PublishTest):
    def states(self, subscriber):
        return [m.json["state"] for m in subscriber.of_type("status")]

    def test_the_will_says_offline_when_the_daemon_dies(self):
        self.add_meters(1)
        self.configure()
        self.start_broker()
        subscriber = self.site.subscribe(self.port)
        self.site.start_daemon()
        wait_until("not online", lambda: self.states(subscriber) == ["online"])
        self.site.daemon.kill()
        wait_until("no will", lambda: self.states(subscriber) == ["online", "offline"])
        self.assertTrue(subscriber.of_type("status")[-1].retain)
        self.assertEqual(set(subscriber.of_type("status")[-1].json), STATUS)
        self.site.start_daemon()
        wait_until("not online again", lambda: self.states(subscriber)[2:] == ["online"])
        self.site.stop_daemon()
        wait_until("no goodbye", lambda: self.states(subscriber)[3:] == ["offline"])

    def test_an_outage_of_the_broker_loses_nothing(self):
        site = self.site
        self.add_meters(3, dead=1)
        self.configure(backoff_max="2s")
        broker = self.start_broker()
        subscriber = site.subscribe(self.port)
        site.start_daemon()
        wait_until("nothing comes", lambda: subscriber.of_type("reading"))
        broker.stop()
        time.sleep(7)
        status = site.status()
        sink = status["sinks"][0]
        self.assertEqual(sink["state"], "disconnected")
        self.assertGreater(sink["pending_rows"], 10)
        self.assertGreater(sink["oldest_pending_s"], 3)
        self.assertIn("sink_down", [p["code"] for p in status["problems"]])
        time.sleep(8)
        before = site.stored_readings()
        self.start_broker()
        got = self.check_nothing_lost(subscriber, 45)
        wait_until("the sink is not well", lambda: site.status()["sinks"][0]["state"] ==
                   "connected" and site.status()["sinks"][0]["pending_rows"] < 10)
        site.stop_daemon()
        self.assertLessEqual(before, {(p["meter"], p["slot_ts_ms"]) for _, p in got.values()
                                      if p["type"] == "reading"})
        for meter in ("M1", "M2", "M3"):
            slots = site.check_slots(meter, 1000)
            self.assertGreater(len(slots), 15)
            self.assertEqual({row["status"] for row in site.readings(meter)[1:-1]}, {"ok"})

    def test_a_daemon_restarted_in_the_outage_loses_nothing(self):
        site = self.site
        self.add_meters(2)
        self.configure()
        broker = self.start_broker()
        subscriber = site.subscribe(self.port)
        site.start_daemon()
        wait_until("nothing comes", lambda: subscriber.of_type("reading"))
        broker.stop()
        time.sleep(3)
        site.stop_daemon()
        site.start_daemon()
        time.sleep(3)
        site.daemon.kill()
        site.start_daemon()
        self.start_broker()
        self.check_nothing_lost(subscriber, 45)
        site.stop_daemon()

    def test_a_broker_killed_hard_loses_nothing_that_it_had_not_taken(self):
        site = self.site
        self.add_meters(3)
        self.configure()
        broker = self.start_broker()
        subscriber = site.subscribe(self.port)
        site.start_daemon()
        wait_until("nothing comes", lambda: len(subscriber.of_type("reading")) > 3)
        broker.kill()
        time.sleep(2)
        self.start_broker()
        self.check_nothing_lost(subscriber, 45)
        site.stop_daemon()

    def test_ten_kills_lose_no_stored_row_and_reuse_no_seq(self):
        site = self.site
        chance = random.Random(20200220)
        self.add_meters(4, dead=1)
        self.configure(backoff_max="2s")
        self.start_broker()
        subscriber = site.subscribe(self.port)
        for _ in range(10):
            site.start_daemon()
            time.sleep(chance.uniform(0.2, 2.5))
            site.daemon.kill()
        site.start_daemon()
        time.sleep(2)
        self.check_nothing_lost(subscriber)
        site.stop_daemon()
        self.assertEqual(site.sql("PRAGMA integrity_check")[0]["integrity_check"], "ok")
        for meter in ("M1", "M4", "DEAD1"):
            site.check_slots(meter, 1000)

    def test_mqtt_3_1_1_when_asked(self):
        self.add_meters(1)
        self.configure(", version: 4")
        broker = self.start_broker()
        subscriber = self.site.subscribe(self.port)
        self.site.start_daemon()
        wait_until("nothing comes", lambda: len(subscriber.of_type("reading")) >= 2)
        self.assertEqual(self.states(subscriber), ["online"])
        self.check_nothing_lost(subscriber)
        self.site.daemon.kill()
        wait_until("no will", lambda: self.states(subscriber) == ["online", "offline"])
        self.assertRegex(broker.log(), r"connected from .* as ecmon-cixi \(p2,")

    def test_mqtt_5_by_default(self):
        self.add_meters(1)
        self.configure()
        broker = self.start_broker()
        self.site.start_daemon()
        wait_until("not connected", lambda: "as ecmon-cixi (p5," in broker.log())
        self.site.stop_daemon()

    def test_refused_rows_wait_until_they_are_allowed(self):
        site = self.site
        self.add_meters(2)
        self.configure()
        rules = "topic read #\ntopic write ecmon/v1/cixi/status\n"
        broker = self.start_broker(acl=rules)
        subscriber = site.subscribe(self.port)
        site.start_daemon()
        site.daemon.wait_log("reason 135", 15)
        time.sleep(2)
        sink = site.status()["sinks"][0]
        self.assertEqual((sink["state"], sink["parked"]), ("refused", 1))
        self.assertIn("sink_refused", [p["code"] for p in site.status()["problems"]])
        self.assertFalse(subscriber.of_type("reading"))
        self.assertLess(site.daemon.log().count("reason 135"), 3, "not tried again and again")
        site.stop_daemon()
        broker.stop()
        self.start_broker(acl="topic readwrite #\n")
        site.start_daemon()
        self.check_nothing_lost(subscriber, 30)
        site.stop_daemon()

    def test_a_broker_that_never_was_there_costs_no_slot(self):
        site = self.site
        self.add_meters(2)
        self.configure()
        site.start_daemon()
        wait_until("no five slots", lambda: len(site.readings("M1")) >= 5)
        site.stop_daemon()
        self.assertEqual({row["status"] for row in site.readings("M1")[1:-1]}, {"ok"})
        warnings = [line for line in site.daemon.log().splitlines() if "mqtt" in line]
        self.assertLessEqual(len(warnings), 3, warnings)


if __name__ == "__main__":
    if shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
        raise SystemExit("mosquitto is missing; install the packages mosquitto, mosquitto-clients")
    main()
