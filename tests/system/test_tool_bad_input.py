#!/usr/bin/env python3
"""Bad configuration, register, profiles and method data: an error at the right place that says
what is allowed, the right exit code, and nothing changed in the store."""

import re
import unittest

from ecmon_test import CONF, Site, ToolTest

ENTERPRISES = "id,name\nA,甲\nB,乙\n"
LINE = "modbus+tcp://127.0.0.1:1502"
METERS = f"id,enterprise,endpoint,address,profile\nM1,A,{LINE},1,eastron-sdm630\n"


class BadFile(ToolTest):
    """A site that is well; then one file of it is bad."""

    def setUp(self):
        super().setUp()
        self.site.write("enterprises.csv", ENTERPRISES)
        self.site.write("meters.csv", METERS)
        self.ok("apply")
        self.before = self.site.state()

    def refused(self, code, name, content, place, *words):
        """check and apply name the place, say the words, and leave the store alone."""
        old = self.site.folder.joinpath(name).read_bytes() \
            if self.site.folder.joinpath(name).exists() else None
        self.site.write(name, content)
        for command in ("check", "apply"):
            done = self.fails(code, command, says=words)
            at = f"{re.escape(name)}:{place}: " if place else f"{re.escape(name)}: "
            self.assertRegex(done.err, f"(?m)^[^:]*{at}(?!warning)", done)
            self.assertEqual(done.out, "", done)
        self.assertEqual(self.site.state(), self.before)
        if old is None:
            self.site.folder.joinpath(name).unlink()
        else:
            self.site.write(name, old)

    def each(self, code, name, cases):
        for what, content, place, *words in cases:
            with self.subTest(what):
                self.refused(code, name, content, place, *words)


def conf(text):
    return "site: { id: x }\n" + text


class Configuration(BadFile):
    def test_every_bad_value_is_told_at_its_place_with_what_is_allowed(self):
        self.each(78, "ecmond.yaml", [
            ("syntax", "site: { id: x\nstore: ]\n", r"2:\d+"),
            ("unknown key", "site: { id: x, nmae: y }\n", "1:16", "nmae", "name"),
            ("unknown section", conf("stroe: { path: a.db }\n"), "2:1", "stroe", "store"),
            ("wrong type", conf("collect: { retries: many }\n"), "2:21", "many"),
            ("out of range", conf("collect: { retries: 1000 }\n"), "2:21", "1000", "10"),
            ("list for a map", conf("collect: [ a ]\n"), "2:10"),
            ("key given twice", conf("site: { id: y }\n"), "2:1", "twice"),
            ("interval", conf("collect: { interval: 7s }\n"), "2:22", "15 min"),
            ("duration", conf("collect: { timeout: 1sec }\n"), "2:21", "1sec", "500ms"),
            ("size", conf("store: { max_size: 20GB }\n"), "2:20", "20GB", "GiB"),
            ("enum", "site: { id: x, zone: prodction }\n", "1:22", "production"),
            ("unknown zone of time", "site: { id: x, timezone: Asia/Shangai }\n", "1:26",
             "Asia/Shangai"),
            ("daylight saving", "site: { id: x, timezone: Europe/Berlin }\n", "1:26"),
            ("bad id", "site: { id: 慈溪 }\n", "1:13"),
            ("socket path", conf(f"control: {{ socket: /tmp/{'s' * 103} }}\n"), "2:20",
             "108"),
            ("no id", "store: { path: a.db }\n", "1:1", "site.id"),
            ("unknown method", conf("assess: { resumption: sgcc-2021 }\n"), "2:23",
             "sgcc-2021", "sgcc-2020"),
            ("unknown carbon method", conf("assess: { carbon: zj2021 }\n"), "2:19",
             "zj-2021"),
        ])

    def test_bytes_that_are_no_text_are_refused_where_they_stand(self):
        self.each(78, "ecmond.yaml", [
            ("empty", "", "1:1", "site.id"),
            ("utf-16", "site: { id: x }\n".encode("utf-16"), "1:1", "UTF-16"),
            ("nul", b"site: { id: x\0 }\n", "1:14", "NUL"),
            ("invalid utf-8", b"site: { id: x, name: \xff\xfe }\n", "1:22", "UTF-8"),
        ])

    def test_a_byte_order_mark_and_crlf_are_fine(self):
        self.site.write("ecmond.yaml", "\ufeff" + CONF.replace("\n", "\r\n"))
        self.ok("check")

    def test_a_number_with_a_leading_zero_is_what_it_says(self):
        self.site.write("ecmond.yaml", CONF + "collect: { interval: 060s }\n")
        done = self.site.run("check")
        self.assertIn(done.code, (0, 78), done)  # sixty, or refused: never forty-eight
        self.site.write("ecmond.yaml", CONF + "mqtt: { inflight: 010 }\n")
        self.assertIn(self.site.run("check").code, (0, 78))

    def test_every_problem_is_told_and_not_the_first_one(self):
        done = self.site.write("ecmond.yaml", "site: { id: x, zon: a }\ncolect: { }\n"
                               "mqtt: { qos: 7 }\n")
        done = self.fails(78, "check")
        self.assertEqual(len(done.err.splitlines()), 3, done)

    def test_a_file_in_conf_d_is_merged_and_named_when_it_is_at_fault(self):
        self.site.write("conf.d/10-a.yaml", "collect: { interval: 30s }\n")
        self.ok("check")
        self.site.write("conf.d/20-b.yaml", "\ncollect: { intervall: 30s }\n")
        self.fails(78, "check", says=["20-b.yaml:2:12: ", "interval"])

    def test_a_huge_file_is_refused_at_once(self):
        self.refused(78, "ecmond.yaml", CONF + "#" * 100_000_000, "")

    def test_a_configuration_that_is_not_there_is_named(self):
        done = self.site.run("check", "-c", "nowhere.yaml", configured=False)
        self.assertIn(done.code, (74, 78), done)
        self.assertIn("nowhere.yaml", done.err)

    def test_the_configuration_wins_where_the_register_is_at_fault_too(self):
        self.site.write("meters.csv", "id,enterprise\nM1,Z\n")
        self.fails(65, "check", says="meters.csv:2:4: ")
        self.site.write("profiles/p.yaml", "id: p\n")
        done = self.fails(78, "check", says="meters.csv:2:4: ")
        self.assertIn("p.yaml", done.err)


def enterprise(*rows):
    header = "id,name,size_class,industry,region,since,until\n"
    return header + "".join(f"{row}\n" for row in rows)


class Enterprises(BadFile):
    def test_bad_cells_are_told_with_line_and_column(self):
        self.each(65, "enterprises.csv", [
            ("unknown column", "id,name,sizeclass\nA,甲,above\n", "1:9", "size_class"),
            ("column twice", "id,name,name\nA,甲,x\n", "1:9", "name"),
            ("no id column", "name\n甲\n", "1:1", "id"),
            ("bad id", enterprise("甲,甲,,,,,"), "2:1", "甲"),
            ("long id", enterprise(f"{'A' * 65},甲,,,,,"), "2:1", "64"),
            ("no id", enterprise(",甲,,,,,"), "2:1", "id"),
            ("no name", enterprise("A,,,,,,"), "2:3", "name"),
            ("long name", enterprise(f"A,{'甲' * 43},,,,,"), "2:3", "128"),
            ("cut id", enterprise("3.30282E+12,甲,,,,,"), "2:1", "3.30282E+12", "text"),
            ("cut region", enterprise("A,甲,,,3.30E+05,,"), r"2:\d+", "text"),
            ("size class", enterprise("A,甲,abov,,,,"), r"2:\d+", "above, below, unknown",
             'mean "above"'),
            ("industry", enterprise("A,甲,,X999,,,"), r"2:\d+", "4754"),
            ("region", enterprise("A,甲,,,33028,,"), r"2:\d+", "2260"),
            ("impossible day", enterprise("A,甲,,,,2020-02-30,"), r"2:\d+", "2020-02-30"),
            ("no day", enterprise("A,甲,,,,20.1.2020,"), r"2:\d+", "YYYY-MM-DD"),
            ("until before since", enterprise("A,甲,,,,2020-02-02,2020-02-01"), r"2:\d+"),
            ("overlap", enterprise("A,甲,,,,2020-01-01,2020-12-31",
                                   "A,甲,,,,2020-06-01,"), r"3:\d+", "line 2"),
            ("two values", enterprise("A,甲,above,,,,", "A,甲,below,,,,"), r"3:\d+", "line 2"),
            ("too few fields", enterprise("A,甲,above"), r"2:\d+", "3", "7"),
            ("too many fields", enterprise("A,甲,above,,,,,,"), r"2:\d+", "9", "7"),
            ("open quote", 'id,name\nA,"甲\n', r"2:\d+", "quote"),
            ("empty", "", "1:1", "empty"),
        ])

    def test_every_bad_row_is_told(self):
        self.site.write("enterprises.csv", enterprise(
            "A,甲,abov,,,,", "B,乙,,,,2020-13-01,", "C,丙,,,,,", "D,丁,,Z,,,"))
        done = self.fails(65, "check")
        self.assertEqual([int(line.split(":")[1]) for line in done.err.splitlines()
                          if "enterprises.csv" in line], [2, 3, 5], done)

    def test_the_same_row_twice_is_a_warning(self):
        self.site.write("enterprises.csv", enterprise("A,甲,,,,,", "A,甲,,,,,", "B,乙,,,,,"))
        self.assertRegex(self.ok("check").err, r"enterprises\.csv:3:\d+: warning: ")
        self.assertNotEqual(self.site.run("check", "--strict").code, 0)

    def test_a_bad_credit_code_is_a_warning_and_a_right_one_is_none(self):
        self.site.write("enterprises.csv", "id,name,uscc\nA,甲,91330282MA2812345X\n"
                        "B,乙,91350100M000100Y43\n")
        done = self.ok("check")
        self.assertRegex(done.err, r"enterprises\.csv:2:\d+: warning: ")
        self.assertNotIn(":3:", done.err)


def meter(*rows):
    header = "id,enterprise,endpoint,address,profile,ct,role,parent,loss_pct,interval,since\n"
    return header + "".join(f"{row}\n" for row in rows)


class Meters(BadFile):
    def test_bad_cells_are_told_with_line_and_column(self):
        good = f"M1,A,{LINE},1,eastron-sdm630"
        self.each(65, "meters.csv", [
            ("unknown enterprise", meter(f"M1,C,{LINE},1,eastron-sdm630,,,,,,"), "2:4", '"C"'),
            ("unknown profile", meter(f"M1,A,{LINE},1,eastron-sdm360,,,,,,"), "2:36",
             "eastron-sdm630"),
            ("two on one address", meter(f"{good},,,,,,", f"M2,B,{LINE},1,eastron-sdm630,,,,,,"),
             r"3:\d+", "M1", "M2", LINE),
            ("unit id", meter(f"M1,A,{LINE},256,eastron-sdm630,,,,,,"), "2:34", "255"),
            ("cut address", meter(f"M1,A,{LINE},1E+2,eastron-sdm630,,,,,,"), "2:34", "text"),
            ("endpoint", meter("M1,A,modbus-tcp://1.2.3.4,1,eastron-sdm630,,,,,,"), "2:6",
             "modbus+tcp://"),
            ("port", meter("M1,A,modbus+tcp://1.2.3.4:99999,1,eastron-sdm630,,,,,,"), "2:6",
             "65535"),
            ("ratio of a primary-side profile", meter(f"{good},100/5,,,,,"), r"2:\d+", "side"),
            ("ratio", meter(f"M1,A,{LINE},1,chint-dtsu666,100/0,,,,,"), r"2:\d+", "100/0"),
            ("role", meter(f"{good},,suply,,,,"), r"2:\d+", 'mean "supply"'),
            ("parent", meter(f"{good},,,M9,,,"), r"2:\d+", "M9"),
            ("cycle", meter(f"{good},,,M2,,,", f"M2,A,{LINE},2,eastron-sdm630,,,M1,,,"),
             r"[23]:\d+", "upstream"),
            ("loss", meter(f"{good},,,,11,,"), r"2:\d+", "10"),
            ("interval", meter(f"{good},,,,,7s,"), r"2:\d+", "15 min"),
            ("half a line", meter(f"M1,A,{LINE},,eastron-sdm630,,,,,,"), r"2:\d+", "address"),
            ("impossible day", meter(f"{good},,,,,,2021-02-29"), r"2:\d+", "2021-02-29"),
            ("two values", meter(f"{good},,,,,,", f"M1,A,{LINE},2,eastron-sdm630,,,,,,"),
             r"3:\d+", "line 2"),
        ])

    def test_one_address_after_another_is_fine(self):
        self.site.write("meters.csv", meter(f"M1,A,{LINE},1,eastron-sdm630,,,,,,2020-01-01")
                        .replace(",since", ",since,until").replace("2020-01-01\n",
                                                                   "2020-01-01,2020-12-31\n")
                        + f"M2,B,{LINE},1,eastron-sdm630,,,,,,2021-01-01,\n")
        self.ok("check")


class Lists(BadFile):
    def test_bad_rows_of_lists_and_groups_are_told(self):
        self.each(65, "lists.csv", [
            ("unknown enterprise", "list,enterprise\nl,AA\n", "2:3", "AA"),
            ("role", "list,enterprise,role\nl,A,leed\n", "2:5", "lead"),
        ])
        self.each(65, "groups.csv", [
            ("kind", "kind,id,name\ntonw,1,甲\n", "2:1", "town"),
            ("two names", "kind,id,name\ntown,1,甲\ntown,1,乙\n", r"3:\d+", "line 2"),
        ])


class Profiles(BadFile):
    def test_a_bad_profile_beside_the_configuration_is_told_at_its_place(self):
        good = (Site.share() / "profiles/eastron-sdm630.yaml").read_text()
        self.each(78, "profiles/mine.yaml", [
            ("empty", "", "1:1"),
            ("syntax", "id: [\n", r"\d+:\d+"),
            ("unknown key", good + "pionts: []\n", r"\d+:1", "points"),
            ("nul", b"id: mine\0\n", "1:9", "NUL"),
            ("utf-16", "id: mine\n".encode("utf-16"), "1:1", "UTF-16"),
            ("not its file's name", good, r"\d+:\d+", "eastron-sdm630"),
            ("unknown quantity", good.replace("eastron-sdm630", "mine", 1)
             .replace("energy_import_wh", "energy_imprt_wh", 1), r"\d+:\d+",
             "energy_import_wh"),
        ])

    def test_a_profile_of_the_same_name_wins_over_the_shipped_one(self):
        self.site.write("profiles/eastron-sdm630.yaml", "id: eastron-sdm630\n")
        self.fails(78, "check", says=str(self.site.folder / "profiles"))


class MethodData(BadFile):
    def test_bad_method_data_are_told_at_their_place(self):
        shipped = (Site.share() / "methods/sgcc-2020.yaml").read_text()
        mine = shipped.replace("id: sgcc-2020", "id: mine")
        self.each(78, "methods/mine.yaml", [
            ("operator", mine.replace("operator: ge", "operator: gee"), r"\d+:\d+", "ge"),
            ("key", mine.replace("weight:", "wieght:"), r"\d+:1", "weight"),
            ("threshold", mine.replace("value: 0.30", "value: x"), r"\d+:\d+"),
        ])
        self.each(78, "factors/grid.csv", [
            ("column", "region,year,kind,kg_per_kw\nCN,2020,average,1\n", "1:18", "kg_per_kwh"),
            ("kind", "region,year,kind,kg_per_kwh,document,confidence\n"
             "CN,2020,avrage,1,d,high\n", r"2:\d+", "average"),
            ("twice", "region,year,kind,kg_per_kwh,document,confidence\n"
             "CN,2020,average,1,d,high\nCN,2020,average,2,d,high\n", r"3:\d+"),
        ])
        self.each(78, "calendars/cn-2019.csv", [
            ("kind", "date,kind,note\n2019-12-28,swapwork,\n", r"2:\d+", "swap_work"),
            ("day", "date,kind,note\n2019-02-29,work,\n", "2:1", "2019-02-29"),
        ])
        self.each(78, "targets/mine.csv", [
            ("metric", "group_kind,group_id,size_class,metric,value,since,until,document\n"
             ",,above,resumtion_rate,0.9,,,\n", r"2:\d+", "resumption_rate"),
        ])
        self.each(78, "benchmarks/mine.csv", [
            ("period", "industry,region,period,t_per_1e4cny,source\nC31,,2023Q5,1,s\n",
             r"2:\d+", "2023Q5"),
        ])

    def test_a_bad_method_file_of_the_user_is_told_at_its_place(self):
        self.site.write("m.yaml", (Site.share() / "methods/sgcc-2020.yaml").read_text()
                        .replace("operator: ge", "operator: gee"))
        self.fails(78, "rates", "--method", "m.yaml", says="m.yaml:")
        self.fails(74, "rates", "--method", "none.yaml", says="none.yaml")


class Usage(BadFile):
    def test_wrong_words_are_usage_errors_with_the_nearest_right_one(self):
        for words, said in {
            ("impot",): "import", ("rate",): "rates", ("chek",): "check",
            ("rates", "--outptu", "json"): "--output", ("check", "--strct"): "--strict",
            ("rates", "--output", "jsn"): "json", ("energy", "--by", "dya"): "day",
            ("template", "meter"): "meters", ("import", "enrgy", "x.csv"): "energy",
            ("export", "reading", "--from", "2020-01-01", "--to", "2020-01-02"): "readings",
            ("rates", "--lang", "fr"): "zh", ("rates", "--labels", "fr"): "zh",
            ("rates", "--day", "2020-02-30"): "YYYY-MM-DD",
            ("rates", "--day"): "--day", ("rates", "2020-02-20"): "2020-02-20",
            ("status", "--output", "csv"): "json",
            ("apply", "--allow-removals", "x"): "--allow-removals",
            ("energy", "--meter", "M2"): "M1", ("read", "M2"): "M1",
            ("energy", "--enterprise", "a"): "a", ("export", "days"): "--from",
            ("import", "energy"): "file", ("explain", "rates", "2020-02-20"): "rate",
            ("rates", "--day", "2020-01-01", "--from", "2020-01-01"): "--day",
            ("rates", "--from", "2020-01-02", "--to", "2020-01-01"): "--to",
            ("import", "energy", "x.csv", "--rejects", "r.csv"): "--skip-bad",
        }.items():
            with self.subTest(words):
                done = self.fails(64, *words, says=said)
                self.assertEqual(done.out, "", done)

    def test_without_a_command_the_usage_is_told(self):
        self.assertIn("import", self.fails(64, configured=False).err)
        self.fails(64, "help", "impot", configured=False, says="import")

    def test_help_and_version_are_answers(self):
        self.assertIn("rates", self.ok("help", configured=False).out)
        self.assertIn("--by", self.ok("help", "rates", configured=False).out)
        self.assertRegex(self.ok("--version", configured=False).out, r"^ecmon \d+\.\d+\.\d+\n$")

    def test_the_configuration_may_stand_before_the_command(self):
        self.ok("-c", self.site.conf, "check", configured=False)

    def test_without_a_store_a_question_says_what_to_do(self):
        other = Site()
        self.addCleanup(other.remove)
        self.fails(69, "rates", site=other, says="ecmon apply")
        self.assertFalse(other.store.exists())

    def test_without_a_daemon_reload_says_that_none_is_there(self):
        self.fails(69, "reload", says="ecmond")


if __name__ == "__main__":
    unittest.main()
