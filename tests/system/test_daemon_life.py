"""The life of ecmond: start, check, signals, reload, writes through its socket, status, limits."""
import json
import os
import pwd
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

from daemon_meter import Meter
from daemon_site import LOOPBACK, Site, free_port, main, program, sdm630, wait_until

# interfaces: the keys of `ecmon status --output json`
STATUS = {
    "": "ok site version epoch since now zone daemon clock config_sha256 register_sha256 "
        "methods_sha256 store sinks lines meters counts problems",
    "daemon": "running pid uptime_s rss_bytes",
    "clock": "synced offset_ms source",
    "store": "path size_bytes schema last_commit oldest_reading days_left",
    "counts": "meters meters_ok enterprises alarms_open"}
SINK = "sink state pending_rows oldest_pending_s last_ack parked"
LINE = """line state meters meters_ok busy_pct requests ok last_error last_error_meter
    exceptions late bad_frame bad_unit bad_crc connects"""
METER = "meter enterprise line state reason last_ok success_24h_pct backoff_s holes"
PROBLEM = "severity code object message"


class LifeTest(unittest.TestCase):
    def setUp(self):
        self.site = Site(self)
        self.meter = Meter("ok")
        self.addCleanup(self.meter.close)
        self.endpoint = f"modbus+tcp://{LOOPBACK}:{self.meter.port}"
        self.rows = [f"M{i},E1,{self.endpoint},{i},eastron-sdm630,," for i in range(1, 4)]
        self.set_meters()
        self.site.configure()

    def set_meters(self, rows=None):
        self.site.meters(self.rows if rows is None else rows,
                         "id,enterprise,endpoint,address,profile,ct,since")

    def wait_slots(self, meter, n=2, seconds=10):
        wait_until(f"no {n} slots of {meter}", lambda: len(self.site.readings(meter)) >= n,
                   seconds)


class StartAndEnd(LifeTest):
    def check(self, code, *words):
        done = subprocess.run([program("ecmond"), "-c", self.site.conf_path, "--check"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(os.path.exists(self.site.path("ecmon.db")), "--check makes no store")
        tool = self.site.ecmon("check", code=code)
        self.assertEqual(tool.stderr, done.stderr)
        if code != 0:
            started = subprocess.run([program("ecmond"), "-c", self.site.conf_path],
                                     capture_output=True, text=True, timeout=20)
            self.assertEqual(started.returncode, code)
            for word in words:
                self.assertIn(word, started.stderr)

    def test_check_of_good_files(self):
        self.check(0)

    def test_check_of_a_wrong_configuration(self):
        self.site.configure(more="colect: { interval: 5s }\n")
        self.check(78, "ecmond.yaml:5:1:", "colect", "collect")

    def test_check_of_a_wrong_register(self):
        self.set_meters(self.rows + [f"M4,E9,{self.endpoint},4,eastron-sdm630,,"])
        self.check(65, "meters.csv:5:4:", "E9")

    def test_the_configuration_wins_over_the_register(self):
        self.set_meters(self.rows + [f"M4,E9,{self.endpoint},4,eastron-sdm630,,"])
        self.site.configure(timeout="soon")
        self.check(78, "ecmond.yaml:3:", "meters.csv:5:4:")

    def test_wrong_usage(self):
        for arguments in (["--chek"], ["now"]):
            done = subprocess.run([program("ecmond"), *arguments], capture_output=True, text=True,
                                  timeout=10)
            self.assertEqual(done.returncode, 64)
            self.assertIn("Usage: ecmond", done.stderr)

    def test_a_configuration_that_is_not_there(self):
        os.unlink(self.site.conf_path)
        self.check(74, "ecmond.yaml: no such file")

    def test_a_second_daemon_says_who_holds_the_store(self):
        self.site.start_daemon()
        began = time.monotonic()
        second = subprocess.run([program("ecmond"), "-c", self.site.conf_path],
                                capture_output=True, text=True, timeout=10)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"held by process {self.site.daemon.pid} (ecmond)", second.stderr)
        self.wait_slots("M1")
        self.assertTrue(self.site.status()["daemon"]["running"])
        self.site.stop_daemon()

    def test_sigterm_and_sigint_end_it_with_work_in_flight(self):
        self.meter.mode = "mute"
        for number in (signal.SIGTERM, signal.SIGINT):
            port = free_port()  # a broker that never answers
            with socket.create_server((LOOPBACK, port)):
                self.site.configure(timeout="1s",
                                    more=f"mqtt: {{ url: \"mqtt://{LOOPBACK}:{port}\" }}\n")
                self.site.start_daemon()
                time.sleep(1.3)
                began = time.monotonic()
                self.site.daemon.send(number)
                self.assertEqual(self.site.daemon.wait(8), 0)
                self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.site.sql("PRAGMA integrity_check")[0]["integrity_check"], "ok")
        self.assertFalse(os.path.exists(self.site.path("ecmond.sock")))

    def test_sigterm_at_any_time_commits_and_ends_cleanly(self):
        for i in range(12):
            self.site.daemon = self.site.start(
                [program("ecmond"), "-c", self.site.conf_path], "ecmond")
            time.sleep(0.02 + i * 0.1)
            self.site.daemon.send(signal.SIGTERM)
            code = self.site.daemon.wait(5)
            # before the first instruction of main there is nothing that could be clean
            self.assertIn(code, (0, -signal.SIGTERM) if i == 0 else (0,), self.site.daemon.log())
        self.assertEqual(self.site.sql("PRAGMA integrity_check")[0]["integrity_check"], "ok")

    def test_the_service_manager_is_told(self):
        path = self.site.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(8)
            self.site.start_daemon(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"})
            self.site.env = {}

            def until(word):
                while True:
                    text = manager.recv(4096).decode()
                    if word in text.splitlines():
                        return

            until("READY=1")
            until("WATCHDOG=1")
            until("WATCHDOG=1")
            self.site.daemon.send(signal.SIGHUP)
            until("RELOADING=1")
            until("READY=1")
            self.site.daemon.send(signal.SIGTERM)
            until("STOPPING=1")
            self.assertEqual(self.site.daemon.wait(5), 0)

    def test_few_descriptors_are_no_reason_to_crash(self):
        listeners = [socket.create_server((LOOPBACK, 0)) for _ in range(100)]
        self.set_meters([f"M{i},E1,modbus+tcp://{LOOPBACK}:{s.getsockname()[1]},1,"
                         "eastron-sdm630,," for i, s in enumerate(listeners)] +
                        [f"GOOD,E1,{self.endpoint},1,eastron-sdm630,,"])
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        self.site.start_daemon(preexec_fn=limit)
        time.sleep(4)
        self.assertTrue(self.site.daemon.is_running(), self.site.daemon.log())
        self.assertIn("too many open files", self.site.daemon.log())
        self.assertTrue(self.site.status()["daemon"]["running"])
        self.site.stop_daemon()
        for listener in listeners:
            listener.close()


class Reload(LifeTest):
    def reload(self, code, *words):
        done = self.site.ecmon("reload", code=code)
        for word in words:
            self.assertIn(word, done.stdout + done.stderr)
        return done

    def hup(self, word):
        before = self.site.daemon.log().count(word)
        self.site.daemon.send(signal.SIGHUP)
        wait_until(lambda: f"no \"{word}\":\n" + self.site.daemon.log(),
                   lambda: self.site.daemon.log().count(word) > before)

    def test_an_invalid_file_changes_nothing_and_says_why(self):
        site = self.site
        site.start_daemon()
        self.wait_slots("M1")
        before = site.status()
        self.set_meters(self.rows + [f"M4,E9,{self.endpoint},4,eastron-sdm630,,"])
        self.reload(65, "meters.csv:5:4:", "E9")
        self.hup("nothing is changed")
        self.assertIn("meters.csv:5:4:", site.daemon.log())
        self.set_meters()
        site.configure(timeout="soon")
        self.hup("ecmond.yaml:3:")
        site.configure(timeout="300ms")
        with open(site.path("meters.csv"), "w") as file:
            file.write("id,enterprise,endp")  # half written
        self.hup("meters.csv:1:")
        self.set_meters()
        after = site.status()
        for key in ("register_sha256", "config_sha256", "methods_sha256"):
            self.assertEqual(before[key], after[key])
        n = len(site.readings("M1"))
        self.wait_slots("M1", n + 2)
        site.stop_daemon()
        for meter in ("M1", "M2", "M3"):
            site.check_slots(meter, 1000)
            self.assertEqual({row["status"] for row in site.readings(meter)[1:-1]}, {"ok"})

    def test_meters_come_and_go(self):
        site = self.site
        site.start_daemon()
        self.wait_slots("M3")
        before = site.status()["register_sha256"]
        self.set_meters(self.rows[:2] + [f"M4,E2,{self.endpoint},4,eastron-sdm630,,"])
        self.reload(0, "1 added", "1 closed")
        self.wait_slots("M4", 3)
        gone = len(site.readings("M3"))
        time.sleep(2)
        self.assertLessEqual(len(site.readings("M3")), gone + 1)
        self.assertGreaterEqual(gone, 2)  # the history stays
        status = site.status("--all")
        self.assertNotEqual(status["register_sha256"], before)
        self.assertEqual([meter["meter"] for meter in status["meters"]], ["M1", "M2", "M4"])
        site.stop_daemon()
        for meter in ("M1", "M2", "M4"):
            site.check_slots(meter, 1000)
            self.assertEqual({row["status"] for row in site.readings(meter)[1:-1]}, {"ok"}, meter)

    def test_a_changed_ratio_counts_from_its_day(self):
        site = self.site
        meters = [f"D1,E1,{self.endpoint},1,eastron-sdm630,,secondary",
                  f"D2,E1,{self.endpoint},2,eastron-sdm630,,secondary"]
        header = "id,enterprise,endpoint,address,profile,ct,side"
        site.meters(meters, header)
        site.start_daemon()
        self.wait_slots("D1", 3)
        self.assertEqual(site.readings("D1")[-1]["power_w"], 4322)
        meters[0] = meters[0].replace(",,secondary", ",20,secondary")
        site.meters(meters, header)
        self.reload(0, "1 changed")
        wait_until("no reading with the new ratio",
                   lambda: site.readings("D1")[-1]["power_w"] == 86430)  # 4321.5 W x 20
        site.stop_daemon()
        self.assertEqual(site.readings("D1")[-1]["energy_import_wh"], 24691340)
        self.assertEqual(site.readings("D2")[-1]["energy_import_wh"], 1234567)
        site.check_slots("D1", 1000)

    def test_too_many_removals_are_refused(self):
        site = self.site
        rows = [f"M{i:02},E1,{self.endpoint},{i},eastron-sdm630,," for i in range(1, 21)]
        self.set_meters(rows)
        site.start_daemon()
        self.wait_slots("M20", 1)
        self.set_meters(rows[:5])
        self.reload(65, "15 of 22 ids", "--allow-removals 15")
        self.assertEqual(site.status()["counts"]["meters"], 20)
        site.ecmon("apply", "--dry-run", "--allow-removals", "15", code=0)
        self.assertEqual(site.status()["counts"]["meters"], 20)
        site.ecmon("apply", "--allow-removals", "15", code=0)
        wait_until("the meters stay", lambda: site.status()["counts"]["meters"] == 5)
        site.stop_daemon()

    def test_a_start_on_a_shrunk_register_goes_on_with_the_stored_one(self):
        site = self.site
        rows = [f"M{i:02},E1,{self.endpoint},{i},eastron-sdm630,," for i in range(1, 21)]
        self.set_meters(rows)
        site.start_daemon()
        site.stop_daemon()
        self.set_meters(rows[:5])
        site.start_daemon()
        self.wait_slots("M20", 2)
        self.assertIn("register_shrunk", site.daemon.log())
        site.stop_daemon()

    def test_what_needs_a_restart_is_said(self):
        site = self.site
        site.start_daemon()
        site.configure(site="other")
        self.reload(78, "site.id changes only with a restart")
        site.configure(site="test")
        self.reload(0)
        site.stop_daemon()

    def test_a_password_that_is_missing_changes_nothing(self):
        site = self.site
        site.start_daemon()
        before = site.status()["config_sha256"]
        site.configure(more=f"mqtt: {{ url: \"mqtt://{LOOPBACK}:{free_port()}\", "
                            "username: ecmon }\n")
        self.reload(78, "password of mqtt.username", "nothing is changed")
        self.assertEqual(site.status()["config_sha256"], before)
        site.stop_daemon()
        done = subprocess.run([program("ecmond"), "-c", site.conf_path], capture_output=True,
                              text=True, timeout=10)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("mqtt.password_credential", done.stderr)

    def test_a_storm_of_reloads_costs_no_slot(self):
        site = self.site
        site.start_daemon()
        self.wait_slots("M1", 2)
        for i in range(200):
            site.daemon.send(signal.SIGHUP)
            if i % 20 == 0:
                self.set_meters(self.rows[:2 + i // 20 % 2])
            time.sleep(0.01)
        self.set_meters(self.rows + [f"M4,E2,{self.endpoint},4,eastron-sdm630,,"])
        site.daemon.send(signal.SIGHUP)  # in the middle of another reload: not forgotten
        self.wait_slots("M4", 2)
        site.stop_daemon()
        for meter in ("M1", "M2"):
            site.check_slots(meter, 1000)
            self.assertEqual({row["status"] for row in site.readings(meter)[1:-1]}, {"ok"})

    def test_without_a_daemon_reload_says_so(self):
        self.reload(69)


class Writes(LifeTest):
    def test_imports_go_through_the_daemon_and_rates_are_never_stale(self):
        site = self.site
        user = pwd.getpwuid(os.getuid()).pw_name
        site.start_daemon()
        days = [f"E1,2019-12-{day:02},10000" for day in range(1, 32)]
        site.write("energy.csv", "\n".join(["enterprise,day,kwh", *days]) + "\n")
        done = site.ecmon("import", "energy", site.path("energy.csv"), code=0)
        self.assertIn("31 new, 0 changed, 0 same, 0 bad", done.stderr)
        for i, kwh in enumerate((9000, 2999, 3000, 0)):
            site.write("day.csv", f"enterprise,day,kwh\nE1,2020-02-20,{kwh}\n")
            site.ecmon("import", "energy", site.path("day.csv"), code=0)
            row = site.rows("rates", "--day", "2020-02-20")[0]
            self.assertEqual((row["energy_wh"], row["baseline_wh"]), (kwh * 1000, 10000000))
            self.assertEqual(row["resumption_rate"], 0.0 if kwh < 3000 else 1.0)
            self.assertEqual(row["revision"], i)
            stored = site.sql("SELECT energy_wh FROM v_rate_day WHERE day = '2020-02-20' "
                              "AND group_kind = 'all'")
            self.assertEqual(stored, [{"energy_wh": kwh * 1000}])
        site.write("energy.csv", "enterprise,day,kwh\nE9,2020-02-20,1\n")
        done = site.ecmon("import", "energy", site.path("energy.csv"), code=65)
        self.assertIn("energy.csv:2:1:", done.stderr)
        self.assertIn("0 new, 0 changed, 0 same, 1 bad", done.stderr)
        audit = site.sql("SELECT who, action FROM v_audit WHERE action LIKE 'import%'")
        self.assertGreaterEqual(len(audit), 5)
        self.assertEqual({row["who"] for row in audit}, {user})
        self.wait_slots("M1", 2)
        site.stop_daemon()

    def test_apply_goes_through_the_daemon(self):
        site = self.site
        user = pwd.getpwuid(os.getuid()).pw_name
        site.start_daemon()
        self.set_meters(self.rows + [f"M4,E2,{self.endpoint},4,eastron-sdm630,,"])
        self.assertIn("M4", site.ecmon("apply", "--dry-run", code=0).stdout)
        self.assertFalse(site.sql("SELECT meter FROM v_meter WHERE meter = 'M4'"))
        site.ecmon("apply", code=0)
        self.assertTrue(site.sql("SELECT meter FROM v_meter WHERE meter = 'M4'"))
        self.wait_slots("M4", 2)
        audit = site.sql("SELECT who FROM v_audit ORDER BY audit_no DESC LIMIT 1")
        self.assertEqual(audit, [{"who": user}])
        site.stop_daemon()

    def test_a_live_reading_between_polls(self):
        site = self.site
        site.start_daemon()
        self.wait_slots("M1", 2)
        for _ in range(3):
            rows = site.rows("read", "M2")
            text = json.dumps(rows)
            self.assertIn("1234567", text)
        self.wait_slots("M2", 5)
        site.stop_daemon()
        self.assertEqual({row["status"] for row in site.readings("M2")[1:-1]}, {"ok"})

    def test_many_ask_at_once(self):
        site = self.site
        site.start_daemon()
        self.wait_slots("M1", 1)
        asking = [subprocess.Popen([program("ecmon"), command, "-c", site.conf_path, "--output",
                                    "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                  for command in ("status", "rates") * 8]
        for process in asking:
            out, err = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 0, err)
            self.assertTrue(json.loads(out))
        site.stop_daemon()


class Status(LifeTest):
    def keys(self, part, expected):
        self.assertEqual(set(part), set(expected.split()))

    def test_the_keys_of_a_daemon_that_runs(self):
        site = self.site
        mute = Meter("mute")
        self.addCleanup(mute.close)
        port = free_port()
        self.set_meters(self.rows + [f"DEAD,E2,modbus+tcp://{LOOPBACK}:{mute.port},1,"
                                     "eastron-sdm630,,"])
        site.configure(more=f"mqtt: {{ url: \"mqtt://{LOOPBACK}:{port}\" }}\n")
        site.broker("broker", port)
        site.start_daemon()
        self.wait_slots("DEAD", 3)
        wait_until("not all up", lambda: site.status()["counts"]["meters_ok"] == 3)
        done = site.ecmon("status", "--output", "json", code=1)
        status = json.loads(done.stdout)
        self.keys(status, STATUS[""])
        for part in ("daemon", "clock", "store", "counts"):
            self.keys(status[part], STATUS[part])
        for name, expected in (("sinks", SINK), ("lines", LINE), ("meters", METER),
                               ("problems", PROBLEM)):
            self.assertTrue(status[name])
            for item in status[name]:
                self.keys(item, expected)
        self.assertEqual(status["daemon"]["pid"], site.daemon.pid)
        self.assertIs(status["ok"], False)
        self.assertEqual([m["meter"] for m in status["meters"]], ["DEAD"])
        self.assertEqual((status["meters"][0]["state"], status["meters"][0]["reason"],
                          status["meters"][0]["last_ok"]), ("down", "timeout", None))
        self.assertEqual(status["counts"], {"meters": 4, "meters_ok": 3, "enterprises": 2,
                                            "alarms_open": status["counts"]["alarms_open"]})
        self.assertEqual([(p["code"], p["object"]) for p in status["problems"]],
                         [("meter_down", "DEAD")])
        self.assertIn("DEAD", status["problems"][0]["message"])
        self.assertEqual(len(site.status("--all")["meters"]), 4)
        text = site.ecmon("status", "--lang", "zh", code=1).stdout
        self.assertIn("DEAD", text)
        site.stop_daemon()
        stopped = json.loads(site.ecmon("status", "--output", "json", code=1).stdout)
        self.keys(stopped, STATUS[""])
        self.assertIs(stopped["daemon"]["running"], False)
        self.assertIs(stopped["ok"], False)
        self.assertGreater(stopped["store"]["size_bytes"], 0)
        self.assertIsNotNone(stopped["store"]["oldest_reading"])

    def test_a_site_that_is_well_exits_0(self):
        self.site.start_daemon()
        wait_until("not well", lambda: self.site.ecmon("status").returncode == 0)
        self.assertTrue(self.site.status()["ok"])
        self.site.stop_daemon()

    def test_log_lines_name_meter_and_line_and_are_few(self):
        site = self.site
        flapping = Meter("ok")
        self.addCleanup(flapping.close)
        self.set_meters([f"FLAP,E1,modbus+tcp://{LOOPBACK}:{flapping.port},1,eastron-sdm630,,"])
        site.configure(timeout="100ms", retries=0, backoff_max="1s")
        site.start_daemon()
        for i in range(14):
            flapping.mode = "mute" if i % 2 == 0 else "ok"
            time.sleep(1.1)
        site.stop_daemon()
        lines = [line for line in site.daemon.log().splitlines() if "FLAP" in line]
        self.assertTrue(lines)
        self.assertLessEqual(len(lines), 6, lines)
        self.assertRegex(lines[0], "meter FLAP: timeout, .* on modbus")


class Many(LifeTest):
    def test_2000_connections_with_descriptors_beyond_1024(self):
        site = self.site
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 3000:
            self.skipTest("SKIPPED: the hard limit of descriptors is below 3000")
        for base in range(11000, 30000, 2500):
            simulate = site.start([program("ecmon"), "simulate", "--count", "2000", "--port",
                                   str(base)], f"simulate{base}")
            wait_until("simulate says nothing", lambda: "simulating" in simulate.log() or
                       not simulate.is_running(), 15)
            if simulate.is_running():
                break
        else:
            self.fail("no 2,000 free ports: " + simulate.log())
        register = [line for line in simulate.log().splitlines()
                    if re.match(r"^[^,]+,SIM,", line)]
        self.assertEqual(len(register), 2000)
        site.write("enterprises.csv", "id,name,size_class,industry,region\n"
                                      "SIM,仿真,above,C3110,330282\n")
        site.meters(register)
        site.configure(interval="3s", timeout="1s")
        site.start_daemon(10)
        wait_until("not every meter is read", lambda: site.status()["counts"]["meters_ok"] == 2000,
                   30, 0.5)
        descriptors = [int(name) for name in os.listdir(f"/proc/{site.daemon.pid}/fd")]
        self.assertGreater(max(descriptors), 2000)
        time.sleep(11)
        site.stop_daemon()
        rows = site.sql("SELECT meter, slot_ts_ms, status FROM v_reading")
        slots = sorted({row["slot_ts_ms"] for row in rows})[1:-1]  # whole ones
        self.assertGreaterEqual(len(slots), 2)
        for slot in slots:
            states = [row["status"] for row in rows if row["slot_ts_ms"] == slot]
            self.assertEqual((len(states), set(states)), (2000, {"ok"}))


if __name__ == "__main__":
    main()
