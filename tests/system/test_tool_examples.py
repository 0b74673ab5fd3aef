#!/usr/bin/env python3
"""Rates, resumption and energy through the command line: the examples E1, E2 and E4 of the
contract, the worked example of methods.md 1.4 with the wrong answers it warns of."""

import unittest
from datetime import datetime, timedelta, timezone

from ecmon_test import (
    ANY_SHA256, BASELINES, DAY, FIRMS, Near, Site, SixFirms, ToolTest, days, december,
)


def day_before_today(n):
    return (datetime.now(timezone(timedelta(hours=8))).date() - timedelta(days=n)).isoformat()


E1_ROW_1 = {
    "day": "2020-02-20", "method": "sgcc-2020", "group_kind": "all", "group_id": "all",
    "group_name": "全部", "n_scope": 6, "n_valid": 5, "n_resumed": 3, "n_not_resumed": 2,
    "n_produced": 2, "n_zero": 1, "n_missing": 1, "n_no_baseline": 0, "n_mixed_source": 0,
    "energy_wh": 15599000, "energy_kwh": 15599.0, "baseline_wh": 31000000,
    "baseline_kwh": 31000.0, "resumption_rate": Near(3, 5), "resumption_rate_pct": 60.0,
    "production_rate": Near(15599, 31000), "production_rate_pct": 50.32,
    "production_rate_resumed": Near(12600, 20500), "production_rate_resumed_pct": 61.46,
    "produced_rate": Near(2, 5), "produced_rate_pct": 40.0, "resumption_index": 55.16,
    "resumption_low": Near(3, 6), "resumption_low_pct": 50.0, "resumption_high": Near(4, 6),
    "resumption_high_pct": 66.67, "coverage_firms": Near(5, 6), "coverage_firms_pct": 83.33,
    "coverage_kwh": Near(31000, 33000), "coverage_kwh_pct": 93.94, "d1_resumption_pp": None,
    "d1_production_pp": None, "ma7_resumption": None, "ma7_production": None,
    "target_resumption": None, "target_production": None, "light": "red",
    "status": "provisional", "stage": "closed", "suppressed": 0, "revision": 0,
    "inputs_sha256": ANY_SHA256,
}


def e2_row(enterprise, name, energy_kwh, baseline_kwh, ratio, state, **others):
    row = {
        "enterprise": enterprise, "name": name, "day": "2020-02-20", "method": "sgcc-2020",
        "size_class": "above", "industry": "C3110", "region": "330282", "town": "none",
        "park": "none", "energy_wh": energy_kwh * 1000, "energy_kwh": float(energy_kwh),
        "baseline_wh": baseline_kwh * 1000, "baseline_kwh": float(baseline_kwh),
        "baseline_valid_days": 31, "ratio": Near(round(ratio * 10000), 10000),
        "ratio_pct": round(ratio * 100, 2), "state": state, "produced": 0, "valid": 1,
        "coverage": 1.0, "coverage_pct": 100.0, "quality": "imported",
        "energy_source": "import", "baseline_source": "import", "mixed_source": 0,
        "reason": None, "revision": 0,
    }
    row.update(others)
    return row


class WorkedExample(SixFirms):
    def rate(self, *args, day=DAY):
        rows = self.rows("rates", "--day", day, *args)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def test_rates_print_row_1_of_e1_exactly(self):
        self.assert_row(self.rate(), E1_ROW_1)

    def test_a_missing_firm_is_not_counted_as_zero(self):
        row = self.rate()
        self.assertNotEqual(row["resumption_rate_pct"], 50.0)
        self.assertNotEqual(row["production_rate_pct"], 47.27)
        self.assertEqual((row["n_zero"], row["n_missing"]), (1, 1))

    def test_production_above_the_baseline_is_not_capped(self):
        self.assertNotEqual(self.rate()["production_rate_pct"], 50.0)

    def test_exactly_the_threshold_has_resumed_unless_the_method_says_greater(self):
        shipped = (Site.share() / "methods/sgcc-2020.yaml").read_text()
        self.site.write("strict.yaml", shipped.replace("operator: ge", "operator: gt"))
        strict = self.rate("--method", "strict.yaml")
        self.assertEqual((strict["n_resumed"], strict["resumption_rate_pct"]), (2, 40.0))
        self.assertEqual(self.rate()["resumption_rate_pct"], 60.0)
        self.assertNotEqual(self.rate()["inputs_sha256"], strict["inputs_sha256"])

    def test_nothing_that_a_method_file_computes_is_stored(self):
        shipped = (Site.share() / "methods/sgcc-2020.yaml").read_text()
        self.site.write("mine.yaml", shipped.replace("id: sgcc-2020", "id: mine"))
        self.rate()
        before = self.site.state()
        self.assertEqual(self.rate("--method", "mine.yaml")["method"], "mine")
        self.assertEqual(self.site.state(), before)

    def test_resumption_prints_the_rows_of_e2_exactly(self):
        rows = self.rows("resumption", "--day", DAY)
        self.assertEqual([row["enterprise"] for row in rows], list("ABCDEF"))
        self.assert_row(rows[1], e2_row("B", "乙厂", 2999, 10000, 0.2999, "not_resumed"))
        self.assert_row(rows[2], e2_row("C", "丙厂", 3000, 10000, 0.3, "resumed"))
        self.assert_row(rows[5], {
            **e2_row("F", "己厂", 0, 2000, 0, "missing"), "size_class": "below",
            "industry": "C1713", "energy_wh": None, "energy_kwh": None, "ratio": None,
            "ratio_pct": None, "produced": None, "valid": 0, "coverage": 0.0,
            "coverage_pct": 0.0, "quality": "missing", "energy_source": None,
            "reason": "no_data",
        })

    def test_a_valid_zero_is_valid_and_not_resumed(self):
        row = self.rows("resumption", "--day", DAY)[3]
        self.assert_row(row, e2_row("D", "丁厂", 0, 500, 0.0, "not_resumed",
                                    size_class="below", industry="C1713"))

    def test_above_its_baseline_a_firm_has_resumed_and_produced(self):
        row = self.rows("resumption", "--day", DAY)[4]
        self.assert_row(row, e2_row("E", "戊厂", 600, 500, 1.2, "resumed", produced=1,
                                    size_class="below", industry="C1713"))

    def test_the_views_hold_what_the_command_printed(self):
        self.rate()
        stored = self.site.ask(
            "SELECT n_scope, n_valid, energy_wh, baseline_wh, resumption_rate,"
            " resumption_index, status, suppressed, method_confidence, revision"
            " FROM v_rate_day WHERE day = ? AND group_kind = 'all'", DAY)
        self.assertEqual(stored, [(6, 5, 15599000, 31000000, 0.6, 55.16, "provisional", 0,
                                   "proposal", 0)])
        states = self.site.ask("SELECT enterprise, state, ratio FROM v_resumption"
                               " WHERE day = ? ORDER BY 1 LIMIT 2", DAY)
        self.assertEqual(states, [("A", "resumed", 0.9), ("B", "not_resumed", 0.2999)])
        self.assertEqual(
            self.site.ask("SELECT baseline_wh, valid_days, from_day, to_day, reason FROM"
                          " v_baseline WHERE enterprise = 'F' AND method = 'sgcc-2020'"),
            [(2000000, 31, "2019-12-01", "2019-12-31", None)])

    def test_asking_twice_gives_the_same_row_and_changes_nothing(self):
        first = self.rate()
        before = self.site.state()
        self.assertEqual(self.rate(), first)
        self.assertEqual(self.site.state(), before)

    def test_late_data_make_a_new_revision_and_keep_the_old_one(self):
        first = self.rate()
        self.load_day(DAY, {"F": 1000})
        row = self.rate()
        self.assertEqual((row["n_valid"], row["n_resumed"], row["n_missing"]), (6, 4, 0))
        self.assertEqual((row["status"], row["revision"]), ("final", 1))
        self.assertNotEqual(row["inputs_sha256"], first["inputs_sha256"])
        self.assertEqual(
            self.site.ask("SELECT revision, n_valid FROM v_rate_day_history"
                          " WHERE group_kind = 'all' AND day = ? ORDER BY 1", DAY),
            [(0, 5), (1, 6)])

    def test_equal_inputs_have_equal_hashes_in_whatever_order_they_came(self):
        other = Site()
        self.addCleanup(other.remove)
        other.write("enterprises.csv", FIRMS)
        self.assertEqual(other.run("apply").code, 0)
        other.write("day.csv", "enterprise,day,kwh\nE,2020-02-20,600\nD,2020-02-20,0\n"
                    "C,2020-02-20,3000\nB,2020-02-20,2999\nA,2020-02-20,9000\n")
        other.write("december.csv", "enterprise,day,kwh\n" + december(2019, BASELINES))
        for name in ("day.csv", "december.csv"):
            self.assertEqual(other.run("import", "energy", name).code, 0)
        rows = other.run("rates", "--day", DAY, "--output", "json").json()
        self.assertEqual(rows[0]["inputs_sha256"], self.rate()["inputs_sha256"])

    def test_a_change_that_comes_to_the_same_figures_changes_the_hash(self):
        first = self.rate()
        self.load_day(DAY, {"A": 9001})
        changed = self.rate()
        self.load_day(DAY, {"A": 9000})
        back = self.rate()
        self.assertNotEqual(changed["inputs_sha256"], first["inputs_sha256"])
        self.assertEqual(back["inputs_sha256"], first["inputs_sha256"])

    def test_a_missing_day_has_bounds_and_no_rate(self):
        row = self.rate(day="2020-02-21")
        self.assertEqual((row["n_valid"], row["n_missing"]), (0, 6))
        self.assertEqual((row["status"], row["light"]), ("insufficient", None))
        self.assertEqual((row["resumption_low"], row["resumption_high"]), (0.0, 1.0))
        for key in ("resumption_rate", "production_rate", "resumption_index"):
            self.assertIsNone(row[key])

    def test_without_a_december_before_it_nobody_has_a_baseline(self):
        row = self.rate(day="2019-02-20")
        self.assertEqual((row["n_scope"], row["n_no_baseline"]), (6, 6))
        self.assertIsNone(row["coverage_firms"])
        firm = self.rows("resumption", "--day", "2019-02-20")[0]
        self.assertEqual(firm["state"], "no_baseline")
        self.assertIsNotNone(firm["reason"])

    def test_explain_tells_every_figure_and_every_firm(self):
        text = self.ok("explain", "rate", DAY, "--lang", "en").out
        for words in ("60.00 % = 3 / 5", "50.32 %", "55.16", "61.46 %", "sgcc-2020",
                      "2019-12-01", "29.99 %", "30.00 %"):
            self.assertIn(words, text)
        self.assertNotRegex(text, "[\u4e00-\u9fff]{2,}率")
        self.assertIn("电力复工率 60.00 % = 3 / 5", self.ok("explain", "rate", DAY).out)

    def test_explain_as_json_is_one_object_with_its_enterprises(self):
        told = self.rows("explain", "rate", DAY)
        self.assertIsInstance(told, dict)
        self.assertEqual(told["resumption_rate_pct"], 60.0)
        self.assertEqual([firm["enterprise"] for firm in told["enterprises"]], list("ABCDEF"))
        self.assertEqual(told["inputs_sha256"], self.rate()["inputs_sha256"])

    def test_explain_takes_one_group(self):
        told = self.rows("explain", "rate", DAY, "--by", "industry", "--group", "C31")
        self.assertEqual([firm["enterprise"] for firm in told["enterprises"]], list("ABC"))
        self.assertEqual(told["group_name"], "黑色金属冶炼和压延加工业")


class Workdays(ToolTest):
    """December 2019 began on a Sunday: 22 days Monday to Friday."""

    def setUp(self):
        super().setUp()
        self.site.write("enterprises.csv", FIRMS)
        self.ok("apply")
        rows = "".join(
            f"A,{day},{10000 if datetime.fromisoformat(day).weekday() < 5 else 0}\n"
            for day in days("2019-12-01", "2019-12-31"))
        self.site.write("december.csv", f"enterprise,day,kwh\n{rows}A,{DAY},3000\n")
        self.ok("import", "energy", "december.csv")

    def firm(self, *args):
        return self.one(self.rows("resumption", "--day", DAY, *args), enterprise="A")

    def test_all_days_count_by_default_and_the_mean_is_rounded_to_whole_wh(self):
        row = self.firm()  # 22 x 10 000 000 / 31 = 7 096 774.19
        self.assertEqual((row["baseline_wh"], row["baseline_valid_days"]), (7096774, 31))

    def test_workdays_are_monday_to_friday_where_no_calendar_says_more(self):
        row = self.firm("--method", "sgcc-2020-workday")
        self.assertEqual((row["baseline_wh"], row["baseline_valid_days"]), (10000000, 22))
        self.assertEqual(row["state"], "resumed")
        told = self.rows("explain", "rate", DAY, "--method", "sgcc-2020-workday")
        self.assertEqual(told["method_detail"]["calendar_missing"], 31)

    def test_a_calendar_beside_the_configuration_says_which_days_are_worked(self):
        self.site.write("calendars/cn-2019.csv", "date,kind,note\n2019-12-28,swap_work,\n"
                        "2019-12-30,holiday,\n2019-12-31,rest,\n")
        row = self.firm("--method", "sgcc-2020-workday")
        # 20 weekdays and a worked Saturday without energy: 200 000 / 21 = 9523.8095 kWh
        self.assertEqual((row["baseline_wh"], row["baseline_valid_days"]), (9523810, 21))


TOWN_FIRMS = """\
id,name,size_class,industry,region,town
S1,一钢,above,C3110,330282,none
S2,二钢,above,C3120,330282,none
S3,三钢,above,C3130,330281,none
S4,四钢,above,C3140,330281,none
T1,一布,above,C1713,330282,330282104
T2,二布,below,C1713,330282,330282104
T3,三布,below,C1751,330282,330282104
T4,四布,below,C1751,330282,330282104
""".replace(",none\n", ",\n")


class OtherDaysOfE1(ToolTest):
    """Rows 2 and 3 of E1, moved to the last complete day, so that its stage is preliminary."""

    def setUp(self):
        super().setUp()
        self.day = day_before_today(1)
        year = int(self.day[:4]) - 1
        self.site.write("enterprises.csv", TOWN_FIRMS)
        self.site.write("groups.csv", "kind,id,name,name_en,parent\n"
                        "town,330282104,周巷镇,Zhouxiang,\n")
        self.ok("apply")
        text = "enterprise,day,kwh\n" + december(year, {
            "S1": 9000, "S2": 1200, "S3": 20000, "T1": 1000, "T2": 2000, "T3": 2000,
            "T4": 3000})
        # six days before: 5 x 29137.62 and 30064.1 kWh; with 29940 the mean of seven is 0.973
        for back, kwh in [(7, "20497.62")] + [(n, "20497.62") for n in (6, 5, 4, 3)]:
            text += self.steel(day_before_today(back), kwh)
        text += self.steel(day_before_today(2), "21424.1")
        text += self.steel(self.day, "21299") + f"T1,{self.day},500\n"
        # in the first days of January some of these days are days of December, too
        lines = dict.fromkeys(line for line in text.splitlines())
        keyed = {}
        for line in list(lines)[1:]:
            keyed[line.rsplit(",", 1)[0]] = line
        self.site.write("energy.csv", "\n".join(["enterprise,day,kwh", *keyed.values()]) + "\n")
        self.ok("import", "energy", "energy.csv")

    def steel(self, day, third_kwh):
        return f"S1,{day},8640\nS2,{day},0\nS3,{day},{third_kwh}\nS4,{day},100\n"

    def by(self, kind, group):
        return self.rows("rates", "--day", self.day, "--by", kind, "--group", group)[0]

    @unittest.skipIf(day_before_today(1)[5:] < "01-08", "its week would reach into December")
    def test_an_industry_of_one_size_class_has_targets_and_a_yellow_light(self):
        self.by("industry", "C31")
        self.site.write("fix.csv", f"enterprise,day,kwh\nS3,{self.day},21300\n")
        self.ok("import", "energy", "fix.csv")
        self.assert_row(self.by("industry", "C31"), {
            **E1_ROW_1, "day": self.day, "group_kind": "industry", "group_id": "C31",
            "group_name": "黑色金属冶炼和压延加工业", "n_scope": 4, "n_valid": 3,
            "n_resumed": 2, "n_not_resumed": 1, "n_produced": 2, "n_missing": 0,
            "n_no_baseline": 1, "energy_wh": 29940000, "energy_kwh": 29940.0,
            "baseline_wh": 30200000, "baseline_kwh": 30200.0, "resumption_rate": Near(2, 3),
            "resumption_rate_pct": 66.67, "production_rate": Near(29940, 30200),
            "production_rate_pct": 99.14, "production_rate_resumed": Near(29940, 29000),
            "production_rate_resumed_pct": 103.24, "produced_rate": Near(2, 3),
            "produced_rate_pct": 66.67, "resumption_index": 82.9,
            "resumption_low": Near(2, 3), "resumption_low_pct": 66.67,
            "resumption_high": Near(2, 3), "resumption_high_pct": 66.67,
            "coverage_firms": 1.0, "coverage_firms_pct": 100.0, "coverage_kwh": 1.0,
            "coverage_kwh_pct": 100.0, "d1_resumption_pp": 0.0, "d1_production_pp": -0.41,
            "ma7_resumption": Near(2, 3), "ma7_production": Near(973, 1000),
            "target_resumption": 0.95, "target_production": 0.85, "light": "yellow",
            "status": "final", "stage": "preliminary", "revision": 1,
        })

    def test_a_town_with_too_few_firms_has_bounds_and_is_suppressed(self):
        row = self.by("town", "330282104")
        null = dict.fromkeys((
            "resumption_rate", "resumption_rate_pct", "production_rate",
            "production_rate_pct", "production_rate_resumed", "production_rate_resumed_pct",
            "produced_rate", "produced_rate_pct", "resumption_index", "light"))
        self.assert_row(row, {
            **E1_ROW_1, **null, "day": self.day, "group_kind": "town",
            "group_id": "330282104", "group_name": "周巷镇", "n_scope": 4, "n_valid": 1,
            "n_resumed": 1, "n_not_resumed": 0, "n_produced": 0, "n_zero": 0,
            "n_missing": 3, "energy_wh": 500000, "energy_kwh": 500.0,
            "baseline_wh": 1000000, "baseline_kwh": 1000.0, "resumption_low": 0.25,
            "resumption_low_pct": 25.0, "resumption_high": 1.0,
            "resumption_high_pct": 100.0, "coverage_firms": 0.25,
            "coverage_firms_pct": 25.0, "coverage_kwh": 0.125, "coverage_kwh_pct": 12.5,
            "status": "insufficient", "stage": "preliminary", "suppressed": 1,
        })

    def test_the_last_complete_day_is_the_default(self):
        self.assertEqual(self.rows("rates")[0]["day"], self.day)

    def test_industries_come_at_every_level(self):
        for level, ids in {"section": ["C"], "division": ["C17", "C31"],
                           "group": ["C171", "C175", "C311", "C312", "C313", "C314"],
                           "class": ["C1713", "C1751", "C3110", "C3120", "C3130", "C3140"],
                           }.items():
            rows = self.rows("rates", "--by", "industry", "--level", level)
            self.assertEqual([row["group_id"] for row in rows], ids)

    def test_regions_come_at_every_level(self):
        for level, ids in {"county": ["330281", "330282"], "city": ["330200"],
                           "province": ["330000"]}.items():
            rows = self.rows("rates", "--by", "region", "--level", level)
            self.assertEqual([row["group_id"] for row in rows], ids)
        self.assertEqual(len(self.rows("rates", "--by", "region")), 2)

    def test_crossed_groups_are_named_the_same_in_either_order(self):
        one = self.rows("rates", "--by", "industry,size_class")
        other = self.rows("rates", "--by", "size_class,industry")
        self.assertEqual(one, other)
        self.assertEqual([(row["group_kind"], row["group_id"]) for row in one], [
            ("industry~size_class", "C17~above"), ("industry~size_class", "C17~below"),
            ("industry~size_class", "C31~above")])

    def test_no_value_is_the_group_none(self):
        rows = self.rows("rates", "--by", "town")
        self.assertEqual([row["group_id"] for row in rows], ["330282104", "none"])
        rows = self.rows("rates", "--by", "park")
        self.assertEqual([row["group_id"] for row in rows], ["none"])

    def test_a_range_of_days_is_sorted_by_day_and_group(self):
        rows = self.rows("rates", "--from", day_before_today(3), "--to", self.day,
                         "--by", "industry")
        keys = [(row["day"], row["group_id"]) for row in rows]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual(len(keys), 6)

    def test_resumption_of_one_group_has_its_firms_only(self):
        rows = self.rows("resumption", "--day", self.day, "--by", "town", "--group",
                         "330282104")
        self.assertEqual([row["enterprise"] for row in rows], ["T1", "T2", "T3", "T4"])

    def test_an_unknown_group_names_the_nearest_one(self):
        self.fails(64, "explain", "rate", self.day, "--by", "industry", "--group", "C32",
                   says=["C32", "C31"])
        self.fails(64, "rates", "--by", "industry", "--group", "C32", says=["C32", "C31"])


class Energy(SixFirms):
    E4_DAY = {
        "enterprise": "A", "day": DAY, "energy_wh": 9000000, "energy_kwh": 9000.0,
        "import_wh": 9000000, "export_wh": 0, "generation_wh": 0, "coverage": 1.0,
        "coverage_pct": 100.0, "quality": "imported", "valid": 1, "source": "import",
        "revision": 0,
    }

    def test_days_have_the_shape_of_e4_and_a_missing_day_is_null(self):
        rows = self.rows("energy", "--enterprise", "A", "--from", DAY, "--to", "2020-02-21",
                         "--by", "day")
        self.assertEqual(len(rows), 2)
        self.assert_row(rows[0], self.E4_DAY)
        self.assert_row(rows[1], {
            **self.E4_DAY, "day": "2020-02-21", "energy_wh": None, "energy_kwh": None,
            "import_wh": None, "export_wh": None, "generation_wh": None, "coverage": 0.0,
            "coverage_pct": 0.0, "quality": "missing", "valid": 0, "source": None})

    def test_months_have_a_period_and_count_their_days(self):
        rows = self.rows("energy", "--enterprise", "A", "--from", "2019-12", "--to",
                         "2019-12", "--by", "month")
        self.assertEqual(len(rows), 1)
        row = rows[0]
        keys = ["period" if key == "day" else key for key in self.E4_DAY]
        self.assertEqual(list(row), keys + ["n_days", "n_valid_days"])
        self.assertEqual((row["period"], row["energy_wh"]), ("2019-12", 310000000))
        self.assertEqual((row["n_days"], row["n_valid_days"]), (31, 31))

    def test_days_without_a_row_are_missing_in_their_month(self):
        rows = self.rows("energy", "--enterprise", "A", "--from", "2020-01", "--to",
                         "2020-02", "--by", "month")
        self.assertEqual([(row["period"], row["energy_wh"], row["quality"], row["valid"],
                           row["n_days"], row["n_valid_days"]) for row in rows],
                         [("2020-01", None, "missing", 0, 31, 0),
                          ("2020-02", 9000000, "missing", 0, 29, 1)])
        self.assertAlmostEqual(rows[1]["coverage"], 1 / 29, delta=1e-9)

    def test_quarter_hours_have_an_instant_and_a_point(self):
        header = self.ok("energy", "--enterprise", "A", "--day", DAY, "--by", "interval",
                         "--output", "csv").out.splitlines()[0].split(",")
        self.assertEqual(header[:4], ["enterprise", "start_ts_ms", "start_ts", "point"])
        self.assertNotIn("day", header)

    def test_generation_adds_and_export_is_taken_off(self):
        self.load("enterprise,day,kwh,export_kwh,generation_kwh\nA,2020-03-01,100,30,50\n")
        row = self.rows("energy", "--enterprise", "A", "--day", "2020-03-01")[0]
        self.assertEqual((row["energy_wh"], row["import_wh"], row["export_wh"],
                          row["generation_wh"]), (120000, 100000, 30000, 50000))

    def test_an_unknown_enterprise_names_the_nearest_one(self):
        self.fails(64, "energy", "--enterprise", "AA", "--day", DAY, says=['"AA"', "A?"])


if __name__ == "__main__":
    unittest.main()
