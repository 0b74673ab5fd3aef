#!/usr/bin/env python3
"""scan, identify, read --try-orders and verify against simulated meters on loopback."""

import csv
import io
import os
import re
import signal
import socket
import subprocess
import time
import unittest

from ecmon_test import ToolTest, bin_dir

FAST = ("--timeout", "150ms")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Commissioning(ToolTest):
    def setUp(self):
        super().setUp()
        self.endpoint = f"modbus+tcp://127.0.0.1:{free_port()}"
        self.site.write("enterprises.csv", "id,name\nE1,甲厂\n")
        self.register(
            f"M001,E1,总表 <1>,SN-4711,{self.endpoint},3,eastron-sdm630,,",
            f"M002,E1,二号,,{self.endpoint},7,chint-dtsu666,,40",
            f"M003,E1,三号,,{self.endpoint},12,schneider-iem3155,,",
        )
        self.simulate()

    def register(self, *rows):
        self.site.write(
            "meters.csv",
            "id,enterprise,name,serial,endpoint,address,profile,pt,ct\n" + "\n".join(rows) + "\n",
        )

    def simulate(self):
        environment = dict(os.environ, ECMON_SHARE_DIR=str(self.site.share()))
        process = subprocess.Popen(
            [str(bin_dir() / "ecmon"), "simulate", "-c", str(self.site.conf), "--register",
             "meters.csv", "--seconds", "120"],
            cwd=self.site.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.addCleanup(self.end, process)
        port = int(self.endpoint.rsplit(":", 1)[1])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.fail("the simulated meters do not listen")

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # --- scan ---

    def test_scan_finds_who_answers_and_as_what(self):
        rows = self.rows("scan", self.endpoint, "--units", "1-14", *FAST)
        self.assertEqual([row["address"] for row in rows], ["3", "7", "12"])
        self.assertEqual(
            [row["profile"].split("-")[0] for row in rows], ["eastron", "chint", "schneider"]
        )
        for row in rows:
            self.assertEqual(row["line"], self.endpoint)
            self.assertIn(row["answer"], ("values", "exception"))
            self.assertGreater(row["frequency_hz"], 45)
            self.assertGreater(row["points"], 50)

    def test_emitted_rows_are_a_register_once_the_enterprise_is_filled_in(self):
        emitted = self.ok("scan", self.endpoint, "--units", "1-14", "--emit", *FAST).out
        rows = list(csv.DictReader(io.StringIO(emitted)))
        self.assertEqual([row["id"] for row in rows], ["M004", "M005", "M006"])
        for row in rows:
            row["enterprise"] = "E1"
            row["ct"] = "40" if row["profile"].startswith("chint") else ""
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        self.site.write("meters.csv", out.getvalue())
        self.ok("check")
        self.ok("read", "M004")

    def test_scan_of_silent_units_is_an_empty_list_in_bounded_time(self):
        start = time.monotonic()
        rows = self.rows("scan", self.endpoint, "--units", "20-29", "--timeout", "100ms")
        self.assertEqual(rows, [])
        self.assertLess(time.monotonic() - start, 5)

    def test_scan_says_that_a_line_cannot_be_used(self):
        self.fails(69, "scan", f"modbus+tcp://127.0.0.1:{free_port()}", *FAST, says="refused")

    def test_scan_refuses_wrong_words(self):
        self.fails(64, "scan", says="endpoint")
        self.fails(64, "scan", "modbus+tcp://", says="host")
        for units in ("0-3", "5-2", "a", "1-300", "-4"):
            self.fails(64, "scan", self.endpoint, f"--units={units}", says="--units")
        self.fails(64, "scan", self.endpoint, "--timeout", "soon", says="--timeout")

    # --- identify ---

    def test_identify_ranks_what_fits_and_says_why(self):
        rows = self.rows("identify", self.endpoint, "7", *FAST)
        self.assertEqual((rows[0]["rank"], rows[0]["profile"]), (1, "chint-dtsu666"))
        self.assertTrue(all(row["fits"] == 1 for row in rows))
        points = [row["points"] for row in rows]
        self.assertEqual(points, sorted(points, reverse=True))
        self.assertIn("frequency +30", rows[0]["why"])

    def test_identify_of_nobody_is_no(self):
        self.fails(1, "identify", self.endpoint, "9", "--timeout", "30ms", says="nobody answers")
        self.fails(64, "identify", self.endpoint, "999", says="999")
        self.fails(64, "identify", self.endpoint, says="address")

    # --- read --try-orders ---

    def test_try_orders_shows_four_orders_side_by_side(self):
        answer = self.ok("read", "M001", "--try-orders", "--output", "json").json()
        voltage = self.one(answer["orders"], quantity="voltage_a_mv")
        self.assertEqual(voltage["profile_order"], "ABCD")
        self.assertAlmostEqual(voltage["ABCD"], answer["values"]["voltage_a_mv"] / 1000, 2)
        self.assertFalse(45 < abs(voltage["CDAB"]) < 480)
        text = self.ok("read", "M001", "--try-orders").out
        self.assertRegex(text, r"ABCD +CDAB +BADC +DCBA")
        self.assertNotIn("orders", self.ok("read", "M001", "--output", "json").json())
        self.fails(64, "read", "dlt645+tcp://127.0.0.1:1", "123456789012", "--profile",
                   "dlt645-2007", "--try-orders", says="--try-orders")

    # --- verify ---

    def verify(self, name, *args, code=0, **how):
        done = self.site.run("verify", "-o", name, *args, **how)
        self.assertEqual(done.code, code, done)
        return done, (self.site.folder / name).read_text("utf-8")

    def sheet(self, *args, code=0):
        _, text = self.verify("sheet.csv", *args, code=code)
        return list(csv.DictReader(io.StringIO(text)))

    def test_verify_reads_every_meter_and_passes(self):
        rows = self.sheet()
        self.assertEqual([row["meter"] for row in rows], ["M001", "M002", "M003"])
        for row in rows:
            self.assertEqual((row["result"], row["status"], row["serial_read"]),
                             ("ok", "ok", "n/a"), row)
        self.assertEqual(rows[0]["serial_expected"], "SN-4711")
        self.assertEqual(rows[1]["ratio"], "40")
        self.assertAlmostEqual(
            float(rows[1]["primary_kwh"]), 40 * float(rows[1]["register_kwh"]), 2
        )
        self.assertEqual(len(self.sheet("--meter", "M002")), 1)

    def test_verify_compares_with_the_face(self):
        near = float(self.sheet("--meter", "M002")[0]["register_kwh"])
        self.site.write("faces.csv", f"meter,register_kwh\nM002,{near:.2f}\n")
        row = self.sheet("--meter", "M002", "--faces", "faces.csv")[0]
        self.assertEqual((row["result"], float(row["face_kwh"])), ("ok", round(near, 2)))

        self.site.write("faces.csv", "meter,register_kwh\nM002,987654.32\n")
        row = self.sheet("--meter", "M002", "--faces", "faces.csv", code=1)[0]
        self.assertEqual((row["result"], row["reason"]), ("fail", "face_differs"))
        self.assertAlmostEqual(
            float(row["difference_kwh"]), float(row["register_kwh"]) - 987654.32, 2
        )

    def test_verify_fails_a_meter_that_does_not_answer(self):
        self.register(
            f"M001,E1,总表,,{self.endpoint},3,eastron-sdm630,,",
            f"M009,E1,不在,,{self.endpoint},9,eastron-sdm630,,",
        )
        rows = self.sheet("--timeout", "100ms", code=1)
        self.assertEqual([row["result"] for row in rows], ["ok", "fail"])
        self.assertEqual(rows[1]["reason"], "exception")  # 0B of the simulated gateway

    def test_the_sheet_is_one_page_to_print_in_both_languages(self):
        _, chinese = self.verify("sheet.html", "--lang", "zh")
        _, english = self.verify("sheet.html", "--lang", "en")
        for text, words in ((chinese, ("电能表验收单", "验收人员", "二次侧", "合格")),
                            (english, ("Commissioning sheet", "Checked by", "secondary"))):
            for word in words:
                self.assertIn(word, text)
            self.assertIn("size:A4", text)
            self.assertIn("总表 &lt;1&gt;", text)
            self.assertNotRegex(text, r"(?i)<(script|link|img|iframe)|url\(|@import|https?://")
            self.assertEqual(len(re.findall(r"<tr class=", text)), 3)

    def test_verify_refuses_bad_files_and_words(self):
        self.fails(64, "verify", says="-o FILE")
        self.fails(64, "verify", "-o", "sheet.pdf", says=".html")
        self.fails(64, "verify", "-o", "a.csv", "--meter", "M00X", says="M00X")
        self.fails(74, "verify", "-o", "a.csv", "--faces", "none.csv", says="none.csv")
        for content, says in (
            ("meter,register_kwh\nM777,1\n", "faces.csv:2:1"),
            ("meter,register_kwh\nM001,viel\n", "faces.csv:2:6"),
            ("meter,register_kwh\nM001,-1\n", "faces.csv:2:6"),
            ("meter,register_kwh\nM001,1\nM001,2\n", "twice"),
            ("meter,kwh\nM001,1\n", "kwh"),
            ("meter\nM001\n", "register_kwh"),
        ):
            self.site.write("faces.csv", content)
            self.fails(65, "verify", "-o", "a.csv", "--faces", "faces.csv", says=says)
        self.assertFalse((self.site.folder / "a.csv").exists())
        self.fails(74, "verify", "-o", "none/sheet.html", says="none/sheet.html")


if __name__ == "__main__":
    unittest.main()
