#!/usr/bin/env python3
"""How answers look: JSON, CSV, table and XLSX of the same rows, Chinese labels and columns,
colours, empty answers, order, instants."""

import csv
import io
import os
import pty
import re
import subprocess
import unicodedata
import unittest
import zipfile
from xml.etree import ElementTree

from ecmon_test import DAY, FIRMS, Site, SixFirms, ToolTest, bin_dir

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def width(text):
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def separate_columns(lines):
    """Runs of terminal columns that some line fills: as many as headings when aligned."""
    filled = set()
    for line in lines:
        column = 0
        for c in line:
            if c != " ":
                filled.update(range(column, column + width(c)))
            column += width(c)
    return sum(1 for column in filled if column - 1 not in filled)


def sheet(path):
    """Cells of the first sheet of an xlsx file: rows of (type, text)."""
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        shared = []
        if "xl/sharedStrings.xml" in names:
            root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            shared = ["".join(t.text or "" for t in item.iter(SHEET + "t")) for item in root]
        root = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in root.iter(SHEET + "row"):
        cells = []
        for cell in row.iter(SHEET + "c"):
            kind = cell.get("t", "n")
            value = cell.find(SHEET + "v")
            text = value.text if value is not None else \
                "".join(t.text or "" for t in cell.iter(SHEET + "t"))
            cells.append(("s", shared[int(text)]) if kind == "s" else (kind[0], text))
        rows.append(cells)
    return rows


class Formats(SixFirms):
    def test_json_is_one_array_of_objects_with_numbers_that_are_numbers(self):
        done = self.ok("rates", "--day", DAY, "--output", "json")
        self.assertTrue(done.out.startswith("[{") and done.out.endswith("}]\n"))
        texts = ("day", "method", "group_kind", "group_id", "group_name", "light", "status",
                 "stage", "inputs_sha256")
        for key, value in done.json()[0].items():
            self.assertEqual(isinstance(value, str), key in texts, key)
        self.assertNotRegex(done.out, r":(NaN|-?[Ii]nf|[-0-9.]+[eE])")

    def test_chinese_stands_in_json_as_it_is(self):
        self.assertIn("甲厂", self.ok("resumption", "--day", DAY, "--output", "json").out)

    def test_csv_has_the_keys_as_header_and_the_same_values(self):
        for command in ("rates", "resumption", "energy"):
            rows = self.rows(command, "--day", DAY)
            done = self.ok(command, "--day", DAY, "--output", "csv")
            self.assertNotIn("\r", done.out)
            table = list(csv.reader(io.StringIO(done.out)))
            self.assertEqual(table[0], list(rows[0]))
            self.assertEqual(len(table), len(rows) + 1)
            for line, row in zip(table[1:], rows):
                for text, value in zip(line, row.values()):
                    if value is None:
                        self.assertEqual(text, "")
                    elif isinstance(value, str):
                        self.assertEqual(text, value)
                    else:
                        self.assertEqual(float(text), value)

    def test_csv_is_the_default_in_a_pipe(self):
        self.assertEqual(self.ok("rates", "--day", DAY).out,
                         self.ok("rates", "--day", DAY, "--output", "csv").out)

    def test_keys_and_words_are_english_whatever_the_language(self):
        for name in ("csv", "json"):
            zh = self.ok("resumption", "--day", DAY, "--output", name, "--lang", "zh").out
            en = self.ok("resumption", "--day", DAY, "--output", name, "--lang", "en").out
            self.assertEqual(zh, en)

    def test_energy_comes_in_kwh_and_fractions_in_percent_beside(self):
        row = self.rows("rates", "--day", DAY)[0]
        keys = list(row)
        for key in keys:
            if key.endswith("_wh"):
                self.assertEqual(keys[keys.index(key) + 1], key[:-3] + "_kwh")
            if key + "_pct" in keys:
                self.assertEqual(keys[keys.index(key) + 1], key + "_pct")
                self.assertRegex(str(row[key + "_pct"]), r"^-?\d+\.\d{1,2}$")

    def test_percentages_are_rounded_half_away_from_zero_from_the_integers(self):
        # 20.125 % and 20.375 % have no exact double neighbours to hide behind
        self.load_day(DAY, {"A": "2012.5", "B": "2037.5", "C": "2000.5"})
        rows = self.rows("resumption", "--day", DAY)
        self.assertEqual([row["ratio_pct"] for row in rows[:3]], [20.13, 20.38, 20.01])

    def test_instants_are_milliseconds_and_iso_8601_of_the_site(self):
        done = self.ok("energy", "--day", DAY, "--by", "interval", "--output", "csv")
        self.assertIn("start_ts_ms,start_ts,point", done.out.splitlines()[0])
        status = self.site.run("status", "--output", "json").json()
        for text in (status["now"], status["since"], status["store"]["last_commit"]):
            self.assertRegex(text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$")

    def test_xlsx_has_the_header_and_cells_of_their_types(self):
        self.ok("resumption", "--day", DAY, "--output", "xlsx", "-o", "r.xlsx")
        rows = sheet(self.site.folder / "r.xlsx")
        keys = list(self.rows("resumption", "--day", DAY)[0])
        self.assertEqual([text for _, text in rows[0]], keys)
        self.assertEqual(len(rows), 7)
        first = dict(zip(keys, rows[1]))
        self.assertIn(first["name"], (("s", "甲厂"), ("i", "甲厂")))  # shared or inline
        self.assertEqual(first["energy_wh"], ("n", "9000000"))

    def test_xlsx_goes_into_a_pipe_as_well(self):
        done = self.ok("rates", "--day", DAY, "--output", "xlsx")
        self.assertTrue(done.raw.startswith(b"PK"))

    def test_a_file_takes_what_standard_output_would(self):
        done = self.ok("rates", "--day", DAY, "--output", "json", "-o", "r.json")
        self.assertEqual(done.out, "")
        self.assertEqual((self.site.folder / "r.json").read_text(),
                         self.ok("rates", "--day", DAY, "--output", "json").out)
        self.fails(74, "rates", "--day", DAY, "-o", "no/such/folder", says="no/such/folder")

    def test_rows_are_sorted_by_their_keys(self):
        for command, keys in {"energy": ("enterprise", "day"), "resumption": ("enterprise",),
                              "rates": ("day", "group_id")}.items():
            args = ["--from", "2019-12-30", "--to", "2020-01-02"]
            if command == "resumption":
                args = ["--day", DAY]
            if command == "rates":
                args += ["--by", "industry"]
            rows = self.rows(command, *args)
            order = [tuple(row[key] for key in keys) for row in rows]
            self.assertEqual(order, sorted(order), command)
            self.assertGreater(len(order), 3)


class Labels(SixFirms):
    def test_labels_zh_gives_chinese_headings_and_words(self):
        done = self.ok("resumption", "--day", DAY, "--output", "csv", "--labels", "zh")
        rows = list(csv.reader(io.StringIO(done.out)))
        self.assertTrue(all(re.search("[\u4e00-\u9fff]", cell) for cell in rows[0]), rows[0])
        self.assertEqual(len(set(rows[0])), len(rows[0]), rows[0])
        self.assertIn("未复工", rows[2])
        self.assertIn("数据缺失", rows[6])
        done = self.ok("rates", "--day", DAY, "--output", "csv", "--labels", "zh")
        header, row = csv.reader(io.StringIO(done.out))
        for words in ("电力复工率", "电量复产率", "户数复产率", "已复工企业复产率",
                      "企业复工电力指数"):
            self.assertTrue(any(cell.startswith(words) for cell in header), words)
        for word in ("覆盖不足（参考）", "已关账", "红", "全部"):
            self.assertIn(word, row)

    def test_ids_and_methods_are_not_translated(self):
        self.site.write("enterprises.csv", "id,name,town\nlow,甲,open\n")
        self.ok("apply", "--allow-removals", "10")
        done = self.ok("resumption", "--day", DAY, "--output", "csv", "--labels", "zh")
        row = [row for row in csv.reader(io.StringIO(done.out)) if row[0] == "low"][0]
        self.assertIn("open", row)

    def test_labels_zh_work_in_xlsx(self):
        self.ok("rates", "--day", DAY, "--labels", "zh", "--output", "xlsx", "-o", "r.xlsx")
        rows = sheet(self.site.folder / "r.xlsx")
        self.assertTrue(any(text.startswith("电力复工率") for _, text in rows[0]))

    def test_json_stays_english_even_with_labels(self):
        self.assertEqual(self.ok("rates", "--day", DAY, "--output", "json", "--labels", "zh").out,
                         self.ok("rates", "--day", DAY, "--output", "json").out)


class Excel(ToolTest):
    def test_cells_that_excel_would_calculate_or_round_are_protected(self):
        names = {"E1": "=1+1", "E2": "+x", "E3": "-x", "E4": "@x", "E5": "甲", "E6": "a,\"b\"",
                 "123456789012": "123456789012", "12345678901": "1"}
        rows = "".join('%s,"%s"\n' % (key, name.replace('"', '""'))
                       for key, name in names.items())
        self.site.write("enterprises.csv", "id,name\n" + rows)
        self.ok("apply")
        done = self.ok("resumption", "--day", DAY, "--output", "csv", "--excel")
        self.assertTrue(done.raw.startswith(b"\xef\xbb\xbf"))
        self.assertEqual(done.raw.count(b"\n"), done.raw.count(b"\r\n"))
        table = list(csv.reader(io.StringIO(done.raw.decode("utf-8-sig"))))
        told = {row[0]: row[1] for row in table[1:]}
        for key in ("E1", "E2", "E3", "E4"):
            self.assertNotIn(told[key][0], "=+-@\t\r", told)
        self.assertEqual((told["E5"], told["E6"]), ("甲", 'a,"b"'))
        self.assertNotIn("123456789012", told)
        self.assertEqual(told['="123456789012"'], '="123456789012"')
        self.assertIn("12345678901", told)

    def test_without_excel_cells_stay_as_they_are(self):
        self.site.write("enterprises.csv", 'id,name\nE1,"=1+1"\n')
        self.ok("apply")
        done = self.ok("resumption", "--day", DAY, "--output", "csv")
        self.assertIn("E1,=1+1,", done.out)
        self.assertFalse(done.raw.startswith(b"\xef\xbb\xbf"))

    def test_what_excel_gets_is_read_back_by_an_import(self):
        self.site.write("enterprises.csv", "id,name\n123456789012,甲\n")
        self.ok("apply")
        self.site.write("in.csv", '\ufeffenterprise,day,kwh\r\n"=""123456789012""",2020-02-20,1\r\n')
        self.assertIn("1 new", self.ok("import", "energy", "in.csv").err)


class Tables(SixFirms):
    def lines(self, *args):
        return self.ok(*args, "--output", "table").out.splitlines()

    def test_columns_of_chinese_tables_are_aligned(self):
        self.site.write("enterprises.csv", FIRMS.replace("乙厂", "乙厂(Ｂ)有限责任公司"))
        self.ok("apply")
        for args in (("resumption", "--day", DAY), ("rates", "--day", DAY, "--by", "industry"),
                     ("energy", "--day", DAY)):
            lines = self.lines(*args)
            self.assertEqual(separate_columns(lines), len(lines[0].split()), lines)

    def test_a_table_speaks_the_language_that_is_asked_for(self):
        self.assertIn("电力复工率", self.lines("rates", "--day", DAY)[0])
        self.assertIn("resumption_rate", self.lines("rates", "--day", DAY, "--lang", "en")[0])
        done = self.ok("rates", "--day", DAY, "--output", "table",
                       env={"LANG": "en_US.UTF-8"})
        self.assertIn("resumption_rate", done.out)

    def test_control_characters_of_a_name_do_not_reach_the_terminal(self):
        self.site.write("enterprises.csv", FIRMS.replace("甲厂", "甲\x1b[31m厂"))
        if self.site.run("apply").code == 0:
            for args in (("resumption", "--day", DAY, "--output", "table"),
                         ("resumption", "--day", DAY, "--output", "json"),
                         ("explain", "rate", DAY), ("explain", "carbon", "A", "2019")):
                self.assertNotIn("\x1b", self.ok(*args).out)
        self.site.write("in.csv", "enterprise,day,kwh\n\x1b[31mA,2020-02-20,1\n")
        self.assertNotIn("\x1b", self.fails(65, "import", "energy", "in.csv").err)
        self.assertNotIn("\x1b", self.fails(64, "energy", "--enterprise", "\x1b[31mA").err)

    def test_nothing_is_coloured_in_a_pipe(self):
        self.assertNotIn("\x1b", self.ok("rates", "--day", DAY, "--output", "table").out)

    def on_terminal(self, *args, env=None):
        around = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm",
                  "ECMON_SHARE_DIR": str(Site.share()), **(env or {})}
        ours, theirs = pty.openpty()
        with subprocess.Popen([str(bin_dir() / "ecmon"), args[0], "-c", str(self.site.conf),
                               *args[1:]], stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=subprocess.PIPE, env=around) as process:
            os.close(theirs)
            told = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:
                    break
                if not part:
                    break
                told += part
            process.communicate()
        os.close(ours)
        return process.returncode, told.decode()

    def test_on_a_terminal_it_is_a_table_with_colours_unless_no_color(self):
        code, told = self.on_terminal("rates", "--day", DAY)
        self.assertEqual(code, 0)
        self.assertIn("电力复工率", told)
        self.assertIn("\x1b[", told)
        code, told = self.on_terminal("rates", "--day", DAY, env={"NO_COLOR": "1"})
        self.assertIn("电力复工率", told)
        self.assertNotIn("\x1b[", told)

    def test_xlsx_does_not_go_to_a_terminal(self):
        self.assertEqual(self.on_terminal("rates", "--day", DAY, "--output", "xlsx")[0], 64)


class Nothing(ToolTest):
    def test_nothing_found_is_an_empty_array_or_the_header_alone_and_no_failure(self):
        self.ok("apply")
        for args in (("energy", "--day", DAY), ("resumption", "--day", DAY),
                     ("carbon", "--period", "2023"),
                     ("export", "readings", "--from", DAY, "--to", DAY),
                     ("export", "intervals", "--from", DAY, "--to", DAY),
                     ("export", "days", "--from", DAY, "--to", DAY)):
            with self.subTest(args):
                self.assertEqual(self.ok(*args, "--output", "json").out, "[]\n")
                self.assertEqual(len(self.ok(*args, "--output", "csv").out.splitlines()), 1)
                self.ok(*args, "--output", "table")
                self.ok(*args, "--output", "xlsx", "-o", "x.xlsx")
                self.assertEqual(len(sheet(self.site.folder / "x.xlsx")), 1)


class Export(SixFirms):
    def test_days_of_a_range_come_by_enterprise_and_day(self):
        rows = self.rows("export", "days", "--from", "2019-12-30", "--to", "2019-12-31")
        self.assertEqual(len(rows), 12)
        self.assertEqual(rows[0]["energy_kwh"], 10000.0)
        rows = self.rows("export", "days", "--from", DAY, "--to", DAY, "--enterprise", "B")
        self.assertEqual([row["energy_wh"] for row in rows], [2999000])

    def test_an_instant_at_the_end_is_exclusive_and_a_day_inclusive(self):
        rows = self.rows("export", "days", "--from", "2019-12-30", "--to",
                         "2019-12-31T00:00:00+08:00", "--enterprise", "A")
        self.assertEqual([row["day"] for row in rows], ["2019-12-30"])

    def test_readings_have_a_column_for_each_quantity(self):
        header = self.ok("export", "readings", "--from", DAY, "--to", DAY,
                         "--output", "csv").out.strip().split(",")
        self.assertEqual(header[:6], ["meter", "slot_ts_ms", "slot_ts", "ts_ms", "ts", "status"])
        for name in ("energy_import_wh", "reactive_export_varh", "pf_e3", "frequency_mhz",
                     "demand_w"):
            self.assertIn(name, header)


if __name__ == "__main__":
    unittest.main()
