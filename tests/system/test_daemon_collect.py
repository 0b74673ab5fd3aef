"""ecmond reads meters that others answer for: libmodbus, npm's modbus-serial, and broken ones."""
import os
import shutil
import subprocess
import time
import unittest

from daemon_meter import Meter
from daemon_site import (HERE, LOOPBACK, Site, WORK, f32, free_port, main, program,
                         register_lines, sdm630, u32, wait_until)

# What the three meters show, and what v_reading must say: worked out by hand.
SDM630_READS = {
    "energy_import_wh": 1234567, "energy_export_wh": 250, "reactive_import_varh": 88125,
    "reactive_export_varh": 0, "power_w": 4322, "power_a_w": 1441, "reactive_var": -512,
    "apparent_va": 4500, "pf_e3": 962, "voltage_a_mv": 230150, "voltage_b_mv": 231250,
    "voltage_c_mv": 229500, "voltage_ab_mv": 398500, "current_a_ma": 10500,
    "current_n_ma": 750, "frequency_mhz": 50010, "demand_w": 4000}

# PT 100 (10000/100), CT 20 (100/5): energies and powers x 2000.
DTSU666 = {
    0x101E: f32(512.25), 0x1028: f32(0.5), 0x2000: f32(1000.0), 0x2002: f32(1001.0),
    0x2004: f32(1002.0), 0x2006: f32(577.5), 0x2008: f32(578.5), 0x200A: f32(579.5),
    0x200C: f32(2500.0), 0x200E: f32(2510.0), 0x2010: f32(2520.0), 0x2012: f32(4321.0),
    0x2014: f32(1440.0), 0x2016: f32(1440.0), 0x2018: f32(1441.0), 0x201A: f32(-100.0),
    0x202A: f32(-950.0), 0x2044: f32(4999.0)}
DTSU666_READS = {
    "energy_import_wh": 1024500000, "energy_export_wh": 1000000, "reactive_import_varh": None,
    "voltage_ab_mv": 10000000, "voltage_a_mv": 5775000, "current_a_ma": 50000,
    "current_c_ma": 50400, "power_w": 864200, "power_a_w": 288000, "reactive_var": -20000,
    "pf_e3": -950, "frequency_mhz": 49990, "apparent_va": None}

# CT 40; the import register is near the end of 32 bits.
ADL400 = {
    0x000A: u32(4000000001), 0x0014: u32(7), 0x0028: u32(1234), 0x0032: u32(0),
    0x0061: [2301], 0x0062: [2302], 0x0063: [2303], 0x0064: [1250], 0x0065: [1251],
    0x0066: [1252], 0x0077: [5003], 0x0164: u32(1100), 0x0166: u32(1200), 0x0168: u32(1300),
    0x016A: u32(3600), 0x0172: u32(2**32 - 450), 0x017A: u32(3700), 0x017F: [2**16 - 973]}
ADL400_READS = {
    "energy_import_wh": 1600000000400, "energy_export_wh": 2800, "reactive_import_varh": 493600,
    "voltage_a_mv": 230100, "current_a_ma": 500000, "current_b_ma": 500400,
    "frequency_mhz": 50030, "power_a_w": 44000, "power_w": 144000, "reactive_var": -18000,
    "apparent_va": 148000, "pf_e3": -973}

REGISTERS = (register_lines(1, 4, sdm630()) + register_lines(2, 3, DTSU666) +
             register_lines(3, 3, ADL400))
HEADER = "id,enterprise,endpoint,address,profile,pt,ct"


def install_modbus_serial():
    """The folder of the installed package, or a SkipTest that says why."""
    folder = os.path.join(WORK, "modbus-serial")
    if os.path.isdir(os.path.join(folder, "node_modules", "modbus-serial")):
        return os.path.join(folder, "node_modules")
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise unittest.SkipTest("SKIPPED: there is no npm; install the packages nodejs and npm")
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), folder)
    done = subprocess.run(["npm", "ci", "--omit=optional", "--no-audit", "--no-fund"], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise unittest.SkipTest("SKIPPED: npm cannot install modbus-serial:\n" + done.stderr)
    return os.path.join(folder, "node_modules")


class IndependentServers(unittest.TestCase):
    def check_server(self, command, env=None):
        site = Site(self)
        port = free_port()
        site.write("registers", REGISTERS)
        server = site.start([*command, str(port), site.path("registers")], "server", env=env)
        server.wait_log("ready")
        endpoint = f"modbus+tcp://{LOOPBACK}:{port}"
        site.meters([f"SDM,E1,{endpoint},1,eastron-sdm630,,",
                     f"DTSU,E1,{endpoint},2,chint-dtsu666,10000/100,100/5",
                     f"ADL,E2,{endpoint},3,acrel-adl400,,40"], HEADER)
        site.configure()
        site.start_daemon()
        wait_until("no four slots of all meters",
                   lambda: all(len(site.readings(m)) >= 4 for m in ("SDM", "DTSU", "ADL")))
        site.stop_daemon()
        for meter, expected in (("SDM", SDM630_READS), ("DTSU", DTSU666_READS),
                                ("ADL", ADL400_READS)):
            site.check_slots(meter, 1000)
            for row in site.readings(meter)[:-1]:  # the last may have been cut by the end
                self.assertEqual((row["status"], row["detail"]), ("ok", None), meter)
                self.assertEqual({key: row[key] for key in expected}, expected, meter)
                self.assertTrue(0 <= row["ts_ms"] - row["slot_ts_ms"] < 1000)

    def test_libmodbus_is_read_exactly(self):
        self.check_server([program("meter_libmodbus")])

    def test_npm_modbus_serial_is_read_exactly(self):
        modules = install_modbus_serial()
        self.check_server(["node", os.path.join(HERE, "meter_serial.js")],
                          env={"NODE_PATH": modules})


# mode -> the status of every slot, and the detail of the first whole one
BROKEN = {
    "mute": ({"timeout"}, "200 ms, 2 tries"),
    "close": ({"connection"}, "closed by the meter"),
    "exception": ({"exception"}, "exception 04"),
    "transaction": ({"bad_frame"}, "foreign reply, 2 tries"),
    "unit": ({"bad_unit"}, "foreign reply, 2 tries"),
    "length": ({"bad_frame"}, "foreign reply, 2 tries"),
    "protocol": ({"bad_frame"}, "foreign reply, 2 tries"),
    "count": ({"bad_frame"}, "foreign reply, 2 tries"),
    "function": ({"bad_frame"}, "foreign reply, 2 tries"),
    "garbage": ({"bad_frame"}, "foreign reply, 2 tries"),
    # the next reply completes the first one's frame
    "truncated": ({"timeout", "bad_frame"}, None),
    "drip": ({"timeout"}, "200 ms, 2 tries"),
    "nan": ({"range"}, "no plausible value"),
}
HEALTHY = ("ok", "dribble", "coalesced", "foreign first")


class BrokenMeters(unittest.TestCase):
    def setUp(self):
        self.site = Site(self)
        self.site.configure(timeout="200ms", backoff_max="4s")

    def meter(self, mode):
        meter = Meter(mode)
        self.addCleanup(meter.close)
        return meter

    def test_each_fault_has_its_reason_and_no_other_meter_loses_a_slot(self):
        site = self.site
        modes = list(BROKEN) + list(HEALTHY)
        rows = [f"M{i:02},E1,modbus+tcp://{LOOPBACK}:{self.meter(mode).port},1,eastron-sdm630"
                for i, mode in enumerate(modes)]
        rows.append(f"REFUSED,E1,modbus+tcp://{LOOPBACK}:{free_port()},1,eastron-sdm630")
        site.meters(rows)
        site.start_daemon()
        wait_until("no 12 slots", lambda: len(site.readings("REFUSED")) >= 12, 20)
        status = site.status("--all")
        site.stop_daemon()
        by_meter = {meter["meter"]: meter for meter in status["meters"]}
        for i, mode in enumerate(modes):
            meter = f"M{i:02}"
            with self.subTest(mode):
                site.check_slots(meter, 1000)
                readings = site.readings(meter)[1:-1]
                if mode in HEALTHY:
                    self.check_healthy(readings)
                    self.assertEqual(by_meter[meter]["state"], "up")
                    continue
                expected, detail = BROKEN[mode]
                self.assertLessEqual({row["status"] for row in readings}, expected)
                if detail is not None:
                    self.assertIn(detail, [row["detail"] for row in readings[:2]])
                for row in readings:
                    self.assertIsNone(row["energy_import_wh"])
                    self.assertIsNone(row["power_w"])
                    self.assertIsNone(row["ts_ms"])
                self.assertEqual(by_meter[meter]["state"], "down")
                self.assertIn(by_meter[meter]["reason"], expected)
        refused = site.readings("REFUSED")[1:-1]
        self.assertEqual({row["status"] for row in refused}, {"refused"})
        self.assertEqual({row["detail"] for row in refused}, {"connection refused"})

    def check_healthy(self, readings):
        self.assertGreaterEqual(len(readings), 8)
        for row in readings:
            self.assertEqual((row["status"], row["energy_import_wh"], row["power_w"]),
                             ("ok", 1234567, 4322))

    def test_a_dead_unit_costs_its_neighbours_on_the_line_nothing(self):
        site = self.site
        good = self.meter("ok")
        answer = good.answer
        good.answer = lambda peer, request: request[6] != 3 and answer(peer, request)
        endpoint = f"modbus+tcp://{LOOPBACK}:{good.port}"
        site.meters([f"U{unit},E1,{endpoint},{unit},eastron-sdm630" for unit in range(1, 6)])
        site.start_daemon()
        wait_until("no 10 slots", lambda: len(site.readings("U3")) >= 10, 20)
        site.stop_daemon()
        for unit in (1, 2, 4, 5):
            self.check_healthy(site.readings(f"U{unit}")[1:-1])
        self.assertEqual({row["status"] for row in site.readings("U3")[1:-1]}, {"timeout"})

    def test_a_meter_that_comes_back_is_read_again(self):
        site = self.site
        meter = self.meter("mute")
        port = free_port()
        site.meters([f"MUTE,E1,modbus+tcp://{LOOPBACK}:{meter.port},1,eastron-sdm630",
                     f"GONE,E1,modbus+tcp://{LOOPBACK}:{port},1,eastron-sdm630"])
        site.start_daemon()
        wait_until("no 3 slots", lambda: len(site.readings("GONE")) >= 3)
        meter.mode = "ok"
        site.write("registers", register_lines(1, 4, sdm630()))
        site.start([program("meter_libmodbus"), str(port), site.path("registers")],
                   "server").wait_log("ready")
        for name in ("MUTE", "GONE"):
            wait_until(f"{name} does not come back: {site.readings(name)[-3:]}",
                       lambda name=name: site.readings(name)[-1]["status"] == "ok", 15)
        site.stop_daemon()
        log = site.daemon.log()
        self.assertIn("meter MUTE: timeout", log)
        self.assertIn("meter MUTE: readings again", log)
        self.assertIn(f"line modbus+tcp://{LOOPBACK}:{port}: connection refused", log)
        self.assertIn(f"line modbus+tcp://{LOOPBACK}:{port}: up again", log)
        for name in ("MUTE", "GONE"):
            site.check_slots(name, 1000)

    def test_slots_without_a_daemon_are_missed_and_have_their_row(self):
        site = self.site
        meter = self.meter("ok")
        site.meters([f"M1,E1,modbus+tcp://{LOOPBACK}:{meter.port},1,eastron-sdm630"])
        site.start_daemon()
        wait_until("no 3 slots", lambda: len(site.readings("M1")) >= 3)
        site.daemon.kill()
        time.sleep(3)
        site.start_daemon()
        n = len(site.readings("M1"))
        wait_until("no new slots", lambda: len(site.readings("M1")) >= n + 3)
        site.stop_daemon()
        slots = site.check_slots("M1", 1000)
        self.assertGreaterEqual(len(slots), 8)
        states = [row["status"] for row in site.readings("M1")]
        self.assertEqual(set(states), {"ok", "missed"})
        self.assertGreaterEqual(states.count("missed"), 2)


if __name__ == "__main__":
    main()
