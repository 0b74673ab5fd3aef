#!/usr/bin/env python3
"""Bad import files: all or nothing, every bad row at its place, encodings, huge files in bounded
time and memory."""

import resource
import time
import unittest

from ecmon_test import ToolTest, bin_dir, days

ENERGY = "enterprise,day,kwh\n"
OUTPUT = "enterprise,period,"
USE = "enterprise,period,carrier,quantity,unit\n"
GOOD = "E001,2021-02-28,1\n"


class ImportTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.site.write("enterprises.csv", "id,name,since,until\nE001,甲,,\n"
                        "E002,乙,2020-01-01,2022-06-30\n")
        self.ok("apply")

    def load(self, kind, content, *args, code=0, says=()):
        self.site.write("in.csv", content)
        done = self.site.run("import", kind, "in.csv", *args)
        self.assertEqual(done.code, code, done)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, done.err, done)
        self.assertRegex(done.err.splitlines()[-1],
                         r"^\d+ new, \d+ changed, \d+ same, \d+ bad$", done)
        return done

    def refused(self, kind, cases):
        before = self.site.state()
        for what, content, place, *words in cases:
            with self.subTest(what):
                self.load(kind, content, code=65, says=[f"in.csv:{place}: ", *words])
                self.assertEqual(self.site.state(), before)


class BadRows(ImportTest):
    def test_bad_daily_energy_is_told_at_its_place_and_changes_nothing(self):
        self.refused("energy", [
            ("unknown enterprise", ENERGY + GOOD + "E01,2020-01-01,1\n", "3:1", "E001"),
            ("unknown column", "enterprise,day,kw\n" + GOOD, "1:16", "kwh"),
            ("two units", "enterprise,day,kwh,wan_kwh\nE001,2020-01-01,1,1\n", "1:20"),
            ("no figure", "enterprise,day\nE001,2020-01-01\n", "1:1", "kwh"),
            ("blank", ENERGY + "E001,2020-01-01,\n", "2:17", "blank"),
            ("negative", ENERGY + "E001,2020-01-01,-1\n", "2:17", "negative"),
            ("not a number", ENERGY + "E001,2020-01-01,nan\n", "2:17", "finite"),
            ("infinite", ENERGY + "E001,2020-01-01,inf\n", "2:17", "finite"),
            ("words", ENERGY + "E001,2020-01-01,viel\n", "2:17", "viel"),
            ("too large", ENERGY + f"E001,2020-01-01,{'9' * 20}\n", "2:17"),
            ("broken thousands", ENERGY + 'E001,2020-01-01,"1,23.5"\n', "2:17"),
            ("future", ENERGY + "E001,2999-01-01,1\n", "2:6", "future"),
            ("impossible day", ENERGY + "E001,2021-02-29,1\n", "2:6", "2021-02-29"),
            ("before since", ENERGY + "E002,2019-12-31,1\n", "2:1", "since"),
            ("after until", ENERGY + "E002,2022-07-01,1\n", "2:1", "until"),
            ("cut id", ENERGY + "3.30282E+12,2021-02-28,1\n", "2:1", "text"),
            ("two values", ENERGY + GOOD + "E001,2021-02-28,2\n", "3:1", "line 2"),
            ("too few fields", ENERGY + "E001,2021-02-28\n", "2:1", "2", "3"),
            ("too many fields", ENERGY + "E001,2021-02-28,1,2\n", "2:1", "4", "3"),
            ("open quote", ENERGY + '"E001,2021-02-28,1\n', "2:1", "quote"),
            ("negative consumption", "enterprise,day,kwh,export_kwh,generation_kwh\n"
             "E001,2021-03-06,1,5,3\n", "2:19"),
        ])

    def test_bad_output_figures_are_told_at_their_place_and_change_nothing(self):
        self.refused("output", [
            ("no figure", "enterprise,period\nE001,2023\n", "1:1"),
            ("period", OUTPUT + "tax_wan\nE001,2023-13,1\n", "2:6", "2026Q1"),
            ("unit", OUTPUT + "value_added\nE001,2023,1\n", "1:19", "value_added_wan"),
            ("two units", OUTPUT + "tax_cny,tax_wan\nE001,2023,10000,1\n", "1:27"),
            ("misspelt", OUTPUT + "value_aded_wan\nE001,2023,1\n", "1:19", "value_added_wan"),
            ("negative", OUTPUT + "revenue_wan\nE001,2023,-1\n", "2:11"),
            ("row without a figure", OUTPUT + "revenue_wan,tax_wan\nE001,2023,,\n", "2:1"),
            ("crossing", OUTPUT + "tax_wan\nE001,2022-01..2022-03,1\n"
             "E001,2022-02..2022-05,1\n", "3:12", "line 2"),
            ("not begun", OUTPUT + "tax_wan\nE001,2099,1\n", "2:6"),
            ("two values", OUTPUT + "tax_wan\nE001,2022,1\nE001,2022,2\n", "3:11", "line 2"),
            ("unknown enterprise", OUTPUT + "tax_wan\nE003,2022,1\n", "2:1"),
        ])

    def test_bad_energy_use_is_told_at_its_place_and_changes_nothing(self):
        self.refused("energy-use", [
            ("carrier", USE + "E001,2023,natural_gass,1,m3\n", "2:11", "natural_gas"),
            ("unit of another carrier", USE + "E001,2023,natural_gas,1,kWh\n", "2:25", "m3"),
            ("unknown unit", USE + "E001,2023,natural_gas,1,M3\n", "2:25", "m3"),
            ("blank", USE + "E001,2023,natural_gas,,m3\n", "2:23", "blank"),
            ("negative", USE + "E001,2023,natural_gas,-1,m3\n", "2:23"),
            ("two values", USE + "E001,2023,heat,1,GJ\nE001,2023,heat,2,GJ\n", r"3:16",
             "line 2"),
        ])

    def test_periods_that_cross_what_is_stored_are_refused_too(self):
        self.load("output", OUTPUT + "tax_wan\nE001,2022-01..2022-03,1\n")
        self.refused("output", [("crossing", OUTPUT + "tax_wan\nE001,2022-02..2022-04,1\n",
                                 "2:12")])

    def test_nested_periods_that_differ_are_a_warning(self):
        done = self.load("output", OUTPUT + "tax_wan\nE001,2022,100\nE001,2022H1,50\n"
                         "E001,2022H2,60\n")
        self.assertRegex(done.err, r"in\.csv:2:\d+: warning: .*5 %")

    def test_every_bad_row_is_told(self):
        done = self.load("energy", ENERGY + "X,2021-02-28,1\n" + GOOD + "E001,2021-02-30,1\n"
                         "E001,2021-02-27,a\n", code=65)
        self.assertEqual([line.split(":")[1] for line in done.err.splitlines()[:-1]],
                         ["2", "4", "5"])
        self.assertEqual(done.err.splitlines()[-1], "0 new, 0 changed, 0 same, 3 bad")

    def test_with_json_the_counts_and_errors_are_one_object(self):
        done = self.load("energy", ENERGY + GOOD + "X,2021-02-28,1\n", "--output", "json",
                         code=65)
        told = done.json()
        self.assertEqual(list(told), ["new", "changed", "same", "bad", "errors"])
        self.assertEqual((told["new"], told["bad"], len(told["errors"])), (0, 1, 1))

    def test_a_file_or_kind_that_is_not_there_is_said(self):
        self.fails(74, "import", "energy", "nowhere.csv", says="nowhere.csv")
        self.fails(64, "import", "energi", "in.csv", says="energy")


class Encodings(ImportTest):
    def test_utf_8_with_bom_crlf_tabs_and_gb18030_are_read(self):
        text = "企业,日期,电量\nE001,2021/2/28,1\n"
        for n, content in enumerate([
                text, "\ufeff" + text, text.replace("\n", "\r\n"),
                text.replace(",", "\t"), text.encode("gb18030"),
                text.encode("gb18030").replace(b"\n", b"\r\n")]):
            with self.subTest(n):
                self.load("energy", content, says="0 new" if n else "1 new")
        self.site.write("enterprises.csv", "编号,名称,规模\r\nE001,甲厂,规上\r\n".encode("gb18030"))
        self.ok("check")
        self.ok("apply")
        self.assertEqual(self.site.ask("SELECT name, size_class FROM v_enterprise"
                                       " WHERE enterprise = 'E001' AND until IS NULL"
                                       " OR enterprise = 'E001' LIMIT 1"), [("甲厂", "above")])

    def test_days_are_read_as_people_write_them(self):
        self.load("energy", ENERGY + "E001,2021-03-01,1\nE001,2021/3/2,1\nE001,2021年3月3日,1\n"
                  "E001,20210304,1\n", says="4 new")
        self.assertEqual([day for day, in self.site.ask(
            "SELECT day FROM v_energy_day_source ORDER BY 1")],
            ["2021-03-01", "2021-03-02", "2021-03-03", "2021-03-04"])

    def test_guards_of_spreadsheets_thousands_and_full_width_digits_are_read(self):
        done = self.load("energy", ENERGY + "'E001,2021-03-01,\"1,234.5\"\n"
                         '"=""E001""",2021-03-02,１２\n,,\n', says="2 new")
        self.assertRegex(done.err, r"in\.csv:3:\d+: warning: full-width")
        self.assertEqual([wh for wh, in self.site.ask(
            "SELECT energy_wh FROM v_energy_day_source ORDER BY day")], [1234500, 12000])

    def test_what_is_no_text_is_refused_with_what_to_do(self):
        text = ENERGY + GOOD
        self.refused("energy", [
            ("utf-16 with its mark", text.encode("utf-16"), "1:1", "CSV UTF-8"),
            ("utf-16 without", text.encode("utf-16-le"), "1:1", "CSV UTF-8"),
            ("nul", text.encode() + b"E001,2021-\0,1\n", r"1:1", "CSV UTF-8"),
            ("neither", text.encode() + b"\xff\xff,,\n", "3:1", "CSV UTF-8"),
            ("empty", "", "1:1", "empty"),
        ])

    def test_a_nul_far_behind_is_found_and_changes_nothing(self):
        before = self.site.state()
        rows = "".join(f"E001,{day},1\n" for day in days("1990-01-01", "2024-12-31"))
        self.load("energy", (ENERGY + rows * 5).encode() + b"E001,\0,1\n", code=65)
        self.assertEqual(self.site.state(), before)

    def test_a_header_alone_is_an_import_of_nothing(self):
        self.load("energy", ENERGY, says="0 new, 0 changed, 0 same, 0 bad")


class HugeFiles(ImportTest):
    """In an address space of 1 GiB; sanitizers reserve more than that and go without."""

    def bounded(self, seconds, *args):
        sanitized = b"__asan_init" in (bin_dir() / "ecmon").read_bytes()

        def limit():
            if not sanitized:
                resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

        began = time.monotonic()
        done = self.site.run(*args, preexec_fn=limit, timeout=280)
        self.assertLess(time.monotonic() - began, seconds * (5 if sanitized else 1), done)
        return done

    def test_a_hundred_thousand_rows_are_imported_in_seconds(self):
        ids = [f"F{n:03}" for n in range(274)]
        self.site.write("enterprises.csv", "id,name\nE001,甲\nE002,乙\n"
                        + "".join(f"{firm},{firm}\n" for firm in ids))
        self.ok("apply")
        rows = "".join(f"{firm},{day},{n}.5\n" for n, firm in enumerate(ids)
                       for day in days("2023-01-01", "2023-12-31"))
        self.site.write("in.csv", ENERGY + rows)
        done = self.bounded(30, "import", "energy", "in.csv")
        self.assertIn("100010 new, 0 changed, 0 same, 0 bad", done.err)
        done = self.bounded(30, "import", "energy", "in.csv")
        self.assertIn("0 new, 0 changed, 100010 same, 0 bad", done.err)

    def test_a_hundred_thousand_bad_rows_are_counted_and_change_nothing(self):
        before = self.site.state()
        self.site.write("in.csv", ENERGY + "X,2023-01-01,1\n" * 100_000)
        done = self.bounded(30, "import", "energy", "in.csv")
        self.assertEqual(done.code, 65, done)
        self.assertIn("0 new, 0 changed, 0 same, 100000 bad", done.err)
        self.assertIn("in.csv:2:1: ", done.err)
        self.assertIn("more", done.err.splitlines()[-2])
        self.assertEqual(self.site.state(), before)

    def test_a_hundred_megabytes_end_in_bounded_time_and_memory(self):
        before = self.site.state()
        size = 100_000_000
        for what, content in {
            "one line": ENERGY + "E001,2021-02-28," + "1" * size,
            "one quote": ENERGY + '"' + "\n" * size,
            "rows of nobody": ENERGY + "X,2021-02-28,1\n" * (size // 15),
            "zeros": b"\0" * size,
        }.items():
            with self.subTest(what):
                self.site.write("in.csv", content)
                done = self.bounded(60, "import", "energy", "in.csv")
                self.assertEqual(done.code, 65, done)
                self.assertRegex(done.err, r"in\.csv:\d+:\d+: ")
                self.assertLess(len(done.err), 200_000)
        self.assertEqual(self.site.state(), before)

    def test_a_register_of_a_hundred_megabytes_is_refused_and_changes_nothing(self):
        before = self.site.state()
        for what, content in {
            "the same row": "id,name\n" + "A,B\n" * 25_000_000,
            "many rows": "id,name\n" + "".join(f"E{n},n\n" for n in range(10_000_000)),
        }.items():
            with self.subTest(what):
                self.site.write("enterprises.csv", content)
                done = self.bounded(60, "apply")
                self.assertEqual(done.code, 65, done)
                self.assertRegex(done.err, r"enterprises\.csv:\d+:\d+: more than \d+ rows")
        self.assertEqual(self.site.state(), before)


class SkipBad(ImportTest):
    MIXED = ENERGY + "E001,2021-03-01,5\nX,2021-03-01,1\nE001,2021-02-30,1\n\"E,1\",2021-03-01,1\n"

    def test_the_good_rows_come_in_and_the_refused_ones_go_to_their_file(self):
        self.load("energy", self.MIXED, "--skip-bad", "--rejects", "rejects.csv",
                  says="1 new, 0 changed, 0 same, 3 bad")
        lines = (self.site.folder / "rejects.csv").read_text().splitlines()
        self.assertEqual(lines[0], "line,reason,enterprise,day,kwh")
        self.assertEqual([line.split(",")[0] for line in lines[1:]], ["3", "4", "5"])
        self.assertTrue(lines[1].endswith("X,2021-03-01,1"), lines[1])
        self.assertTrue(lines[3].endswith('"E,1",2021-03-01,1'), lines[3])
        self.assertEqual(self.site.ask("SELECT day, energy_wh FROM v_energy_day_source"),
                         [("2021-03-01", 5000)])

    def test_without_a_file_for_them_they_are_told_all_the_same(self):
        self.load("energy", self.MIXED, "--skip-bad", says=["in.csv:3:1: ", "3 bad"])

    def test_an_unreadable_header_is_refused_even_so(self):
        before = self.site.state()
        self.load("energy", "enterprise,tag,kwh\nE001,2021-03-01,5\n", "--skip-bad", code=65)
        self.assertEqual(self.site.state(), before)


if __name__ == "__main__":
    unittest.main()
