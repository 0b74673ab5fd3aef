#!/usr/bin/env python3
"""Rules of a rate through the command line: who is in scope, which baseline counts, targets and
lights, lists, status and stage, what is suppressed, the week's mean."""

import unittest

from ecmon_test import FIRMS, SixFirms, ToolTest, days, december

DAY = "2020-03-10"


class RateTest(ToolTest):
    """Firms with a baseline of the same kWh on all days of December 2019."""

    def register(self, *firms):
        self.site.write("enterprises.csv", "id,name,size_class,industry,since,until\n"
                        + "".join(f"{firm}\n" for firm in firms))
        self.ok("apply")

    def energy(self, lines):
        self.site.write("in.csv", "enterprise,day,kwh\n" + lines)
        self.ok("import", "energy", "in.csv")

    def day(self, **kwh):
        self.energy("".join(f"{firm},{DAY},{value}\n" for firm, value in kwh.items()))

    def rate(self, *args, day=DAY):
        rows = self.rows("rates", "--day", day, *args)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def firm(self, enterprise, day=DAY):
        return self.one(self.rows("resumption", "--day", day), enterprise=enterprise)


class Scope(RateTest):
    def test_an_enterprise_that_is_not_in_force_that_day_has_no_row(self):
        self.register("A,甲,above,C3110,,", "B,乙,above,C3110,2020-03-11,",
                      "C,丙,above,C3110,,2020-03-09", "D,丁,above,C3110,2020-03-10,2020-03-10")
        rows = self.rows("resumption", "--day", DAY)
        self.assertEqual([row["enterprise"] for row in rows], ["A", "D"])
        self.assertEqual(self.rate()["n_scope"], 2)

    def test_attributes_are_those_of_the_assessed_day(self):
        self.register("A,甲,above,C3110,2019-01-01,", "A,甲,below,C1713,2020-03-10,")
        self.assertEqual(self.firm("A", "2020-03-09")["size_class"], "above")
        self.assertEqual(self.firm("A")["size_class"], "below")
        self.assertEqual(self.rate("--by", "industry")["group_id"], "C17")

    def test_nobody_in_force_is_an_empty_answer_or_a_row_of_zeros(self):
        self.register("A,甲,above,C3110,2021-01-01,")
        rows = self.rows("rates", "--day", DAY)
        self.assertIn([row["n_scope"] for row in rows], ([], [0]))
        self.assertEqual(self.rows("resumption", "--day", DAY), [])


class Baselines(RateTest):
    def test_ten_valid_days_are_enough_and_nine_are_not(self):
        self.register("A,甲,above,C3110,,", "B,乙,above,C3110,,")
        self.energy(december(2019, {"A": 100}, 10) + december(2019, {"B": 100}, 9))
        self.day(A=100, B=100)
        self.assertEqual((self.firm("A")["state"], self.firm("A")["baseline_valid_days"]),
                         ("resumed", 10))
        self.assertEqual((self.firm("B")["state"], self.firm("B")["baseline_valid_days"]),
                         ("no_baseline", 9))
        self.assertIsNotNone(self.firm("B")["reason"])
        row = self.rate()
        self.assertEqual((row["n_scope"], row["n_no_baseline"], row["n_valid"]), (2, 1, 1))
        self.assertEqual((row["coverage_firms"], row["baseline_wh"]), (1.0, 100000))

    def test_ten_kwh_a_day_are_a_baseline_and_less_is_none(self):
        self.register("A,甲,above,C3110,,", "B,乙,above,C3110,,")
        self.energy(december(2019, {"A": "10", "B": "9.999"}))
        self.day(A=10, B=10)
        self.assertEqual(self.firm("A")["baseline_wh"], 10000)
        self.assertEqual(self.firm("B")["state"], "no_baseline")

    def test_the_december_is_that_of_the_year_before_the_assessed_day(self):
        self.register("A,甲,above,C3110,,")
        self.energy(december(2019, {"A": 100}) + december(2020, {"A": 200})
                    + "A,2020-12-31,200\n")
        self.assertEqual(self.firm("A", "2020-12-31")["baseline_wh"], 100000)
        self.energy("A,2021-01-01,200\n")
        self.assertEqual(self.firm("A", "2021-01-01")["baseline_wh"], 200000)

    def test_half_a_watt_hour_of_a_baseline_is_rounded_away_from_zero(self):
        self.register("A,甲,above,C3110,,")
        self.energy("".join(f"A,{day},{'100.001' if day[-1] in '13579' else '100'}\n"
                            for day in days("2019-12-01", "2019-12-10")))
        self.assertEqual(self.firm("A")["baseline_wh"], 100001)

    def test_the_threshold_is_decided_in_whole_watt_hours(self):
        self.register("A,甲,above,C3110,,", "B,乙,above,C3110,,")
        self.energy(december(2019, {"A": "33.333", "B": "33.333"}))
        self.day(A="9.999", B="10.000")  # 0.3 x 33 333 Wh = 9999.9 Wh
        self.assertEqual(self.firm("A")["state"], "not_resumed")
        self.assertEqual(self.firm("B")["state"], "resumed")


class Lights(RateTest):
    """Twenty firms of 100 kWh: 5 % steps of the resumption rate."""

    def setUp(self):
        super().setUp()
        self.ids = [f"F{n:02}" for n in range(20)]
        self.register(*(f"{firm},{firm},above,C3110,," for firm in self.ids))
        self.energy(december(2019, dict.fromkeys(self.ids, 100)))

    def light(self, resumed, kwh_of_resumed):
        self.day(**{firm: kwh_of_resumed if n < resumed else 0
                    for n, firm in enumerate(self.ids)})
        return self.rate("--by", "size_class")

    def test_both_targets_met_is_green(self):
        row = self.light(19, "89.5")  # 95 % and 85.025 %
        self.assertEqual((row["resumption_rate_pct"], row["light"]), (95.0, "green"))
        self.assertEqual((row["target_resumption"], row["target_production"]), (0.95, 0.85))

    def test_a_rate_that_only_rounds_to_its_target_does_not_meet_it(self):
        row = self.light(20, "84.999")
        self.assertEqual((row["production_rate_pct"], row["light"]), (85.0, "yellow"))

    def test_one_target_met_is_yellow(self):
        self.assertEqual(self.light(10, 180)["light"], "yellow")

    def test_both_within_five_points_is_yellow_and_more_is_red(self):
        self.assertEqual(self.light(18, "88.889")["light"], "yellow")  # 90 %, 80.0001 %
        self.assertEqual(self.light(18, "88.888")["light"], "red")  # 90 %, 79.9992 %
        self.assertEqual(self.light(17, "94.118")["light"], "red")  # 85 %, 80.0003 %

    def test_a_mixed_row_has_the_worst_light_of_its_parts_and_no_targets(self):
        self.light(19, "89.5")
        self.site.write("enterprises.csv",
                        (self.site.folder / "enterprises.csv").read_text().replace(
                            "F00,F00,above", "F00,F00,below"))
        self.ok("apply")
        row = self.rate()  # above: 18 of 19 is 94.7 %, production 84.8 %; below: all met
        self.assertEqual((row["light"], row["target_resumption"]), ("yellow", None))
        lights = {row["group_id"]: row["light"]
                  for row in self.rows("rates", "--day", DAY, "--by", "size_class")}
        self.assertEqual(lights, {"above": "yellow", "below": "green"})

    def test_before_there_was_a_target_there_is_no_light(self):
        self.energy("".join(f"{firm},2020-01-31,100\n" for firm in self.ids))
        row = self.rate("--by", "size_class", day="2020-01-31")
        self.assertEqual((row["light"], row["target_resumption"]), (None, None))

    def test_a_target_of_its_own_wins_for_a_group(self):
        self.site.write("targets/own.csv",
                        "group_kind,group_id,size_class,metric,value,since,until,document\n"
                        "industry,C31,,resumption_rate,0.40,2020-02-01,,own\n"
                        "industry,C31,,production_rate,0.40,2020-02-01,,own\n")
        self.light(10, 100)
        row = self.rate("--by", "industry")
        self.assertEqual((row["target_resumption"], row["light"]), (0.4, "green"))
        self.assertEqual(self.rate("--by", "size_class")["light"], "red")

    def test_coverage_of_ninety_and_of_seventy_percent_are_still_enough(self):
        for missing, status in ((2, "final"), (3, "provisional"), (6, "provisional"),
                                (7, "insufficient")):
            day = f"2020-04-{missing:02}"
            self.energy("".join(f"{firm},{day},100\n" for firm in self.ids[missing:]))
            row = self.rate(day=day)
            self.assertEqual((row["n_missing"], row["status"]), (missing, status))
            self.assertEqual(row["resumption_rate"] is None, status == "insufficient")


class Groups(SixFirms):
    def test_lists_have_names_and_a_firm_may_stand_on_several(self):
        self.site.write("lists.csv", "list,enterprise,role,since,until,note\n"
                        "backbone,A,lead,,,\nbackbone,B,tier1,,,\nbackbone,E,,2020-02-21,,\n"
                        "chain,A,,,,\n")
        self.site.write("groups.csv", "kind,id,name,name_en,parent\n"
                        "list,backbone,骨干企业,Backbone enterprises,\n")
        self.ok("apply")
        rows = self.rows("rates", "--day", "2020-02-20", "--by", "list")
        named = [row for row in rows if row["group_id"] != "none"]
        self.assertEqual([(row["group_id"], row["n_scope"]) for row in named],
                         [("backbone", 2), ("chain", 1)])
        self.assertEqual(named[0]["group_name"], "骨干企业")
        self.assertEqual(named[0]["production_rate_pct"], 60.0)  # 11999 / 20000 = 59.995

    def test_few_firms_or_one_that_dominates_are_suppressed_for_others(self):
        rows = self.rows("rates", "--day", "2020-02-20", "--by", "size_class")
        self.assertEqual([row["suppressed"] for row in rows], [0, 1])
        self.load_day("2020-02-20", {"A": 24000})  # 24000 of 29999 is 80.003 %
        self.assertEqual(self.rows("rates", "--day", "2020-02-20", "--by", "size_class",
                                   "--group", "above")[0]["suppressed"], 1)
        self.load_day("2020-02-20", {"A": 23996})  # 23996 of 29995 is 80 % and not more
        self.assertEqual(self.rows("rates", "--day", "2020-02-20", "--by", "size_class",
                                   "--group", "above")[0]["suppressed"], 0)

    def test_the_mean_of_the_week_needs_four_days(self):
        for day in ("2020-02-17", "2020-02-18", "2020-02-19"):
            self.load_day(day, {"A": 10000, "B": 10000, "C": 10000, "D": 500, "E": 500})
        row = self.rows("rates", "--day", "2020-02-20")[0]
        self.assertAlmostEqual(row["ma7_resumption"], (3 * 1 + 0.6) / 4, delta=1e-9)
        self.assertAlmostEqual(row["ma7_production"], (3 + 15599 / 31000) / 4, delta=1e-9)
        self.assertEqual((row["d1_resumption_pp"], row["d1_production_pp"]), (-40.0, -49.68))
        before = self.rows("rates", "--day", "2020-02-19")[0]
        self.assertIsNone(before["ma7_resumption"])

    def test_rates_are_pooled_and_not_averaged(self):
        rows = self.rows("rates", "--day", "2020-02-20", "--by", "industry")
        means = sum(row["energy_wh"] / row["baseline_wh"] for row in rows) / 2
        pooled = self.rows("rates", "--day", "2020-02-20")[0]["production_rate"]
        self.assertNotAlmostEqual(pooled, means, places=4)

    def test_wrong_groupings_are_usage_errors_with_the_nearest_word(self):
        self.fails(64, "rates", "--by", "industri", says="industry")
        self.fails(64, "rates", "--by", "industry", "--level", "divison", says="division")
        self.fails(64, "rates", "--by", "size_class", "--level", "county")
        self.fails(64, "rates", "--by", "town,town")
        self.fails(64, "rates", "--by", "industry,size_class,region")
        self.fails(64, "rates", "--method", "sgcc-2021", says="sgcc-2020")

    def test_a_changed_register_makes_new_rates_when_they_are_asked_for(self):
        self.assertEqual(self.rows("rates", "--day", "2020-02-20")[0]["n_scope"], 6)
        self.site.write("enterprises.csv", FIRMS.replace("C,丙厂,above", "C,丙厂,below"))
        self.ok("apply")
        rows = self.rows("rates", "--day", "2020-02-20", "--by", "size_class")
        self.assertEqual([row["n_scope"] for row in rows], [2, 4])


if __name__ == "__main__":
    unittest.main()
