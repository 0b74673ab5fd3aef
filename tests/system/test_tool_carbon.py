#!/usr/bin/env python3
"""Carbon efficiency (碳效) through the command line: E3, the worked examples of methods.md 2.1,
bounds of levels and grades, factors and benchmarks, what is not rated and why."""

import unittest
from datetime import date

from ecmon_test import ANY_SHA256, Near, ToolTest, days

E3 = {
    "enterprise": "E001", "name": "示例钢厂", "period": "2023", "period_kind": "year",
    "method": "zj-2021", "purchased_kwh": 3200000.0, "self_pv_kwh": 0.0, "green_kwh": 0.0,
    "energy_tce": 729.26, "energy_tce_primary": None, "scope1_t": 324.33, "heat_t": 440.0,
    "co2_location_t": 2356.01, "co2_market_t": 2715.05, "co2_graded_t": 2356.01,
    "value_added_cny": 15000000, "value_added_wan": 1500.0, "intensity": 1.5707,
    "benchmark": 2.4, "benchmark_period": "2023", "benchmark_source": "benchmarks/demo.csv",
    "ratio": 0.6544, "level": "mid", "grade": 2, "neutral_rate": 0.0,
    "neutral_rate_pct": 0.0, "factor_kg_per_kwh": 0.4974, "factor_region": "33",
    "factor_year": 2023, "coverage": 1.0, "coverage_pct": 100.0, "status": "final",
    "reason": None, "revision": 0, "inputs_sha256": ANY_SHA256,
}
E3_TEXTILE = {
    **E3, "enterprise": "E002", "name": "示例纺织", "purchased_kwh": 410000.0,
    "energy_tce": 50.39, "scope1_t": 0.0, "heat_t": 0.0, "co2_location_t": 203.93,
    "co2_market_t": 249.94, "co2_graded_t": 203.93, "value_added_cny": None,
    "value_added_wan": None, "intensity": None, "benchmark": 1.1, "ratio": None,
    "level": None, "grade": None, "status": "not_rated", "reason": "no_value_added",
}


class CarbonTest(ToolTest):
    def register(self, *firms):
        self.site.write("enterprises.csv", "id,name,industry,region,commissioning_until\n"
                        + "".join(f"{firm}\n" for firm in firms))
        self.ok("apply")

    def output(self, *lines, header="enterprise,period,value_added_cny"):
        self.site.write("output.csv", "\n".join((header, *lines)) + "\n")
        self.ok("import", "output", "output.csv")

    def use(self, *lines):
        self.site.write("use.csv", "\n".join(
            ("enterprise,period,carrier,quantity,unit", *lines)) + "\n")
        self.ok("import", "energy-use", "use.csv")

    def carbon(self, period="2023", *args):
        return self.rows("carbon", "--period", period, *args)


class Examples(CarbonTest):
    def setUp(self):
        super().setUp()
        self.register("E001,示例钢厂,C3110,330282,", "E002,示例纺织,C1713,330282,")
        self.output("E001,2023,15000000")
        self.use("E001,2023,electricity,3200000,kWh", "E001,2023,natural_gas,150000,m3",
                 "E001,2023,heat,4000,GJ", "E002,2023,electricity,410000,kWh")

    def test_both_rows_of_e3_come_out_exactly(self):
        rows = self.carbon()
        self.assertEqual(len(rows), 2)
        self.assert_row(rows[0], E3)
        self.assert_row(rows[1], E3_TEXTILE)

    def test_without_value_added_there_is_no_grade_and_never_a_five(self):
        row = self.carbon()[1]
        self.assertEqual((row["grade"], row["level"], row["status"]),
                         (None, None, "not_rated"))

    def test_own_photovoltaics_lift_the_steel_works_to_grade_1(self):
        self.carbon()
        self.use("E001,2023,electricity,2700000,kWh", "E001,2023,self_pv,500000,kWh")
        row = self.carbon("2023", "--enterprise", "E001")[0]
        self.assert_row(row, {
            **E3, "purchased_kwh": 2700000.0, "self_pv_kwh": 500000.0,
            # own use counts at 0.1229 kgce/kWh, too: the sum stays
            "co2_location_t": 2107.31, "co2_graded_t": 2107.31,
            # 2 700 000 x 0.6096 + 324 328.35 + 440 000 kg
            "co2_market_t": 2410.25, "intensity": 1.4049, "ratio": 0.5854, "grade": 1,
            # 248 700 / (2 107 308.35 + 248 700) kg
            "neutral_rate": Near(24870000, 235600835), "neutral_rate_pct": 10.56,
            "revision": 1,
        })

    def test_green_power_lowers_the_market_figure_and_not_the_graded_one(self):
        self.use("E001,2023,green_power,1000000,kWh", "E001,2023,certificate,200,MWh")
        row = self.carbon()[0]
        self.assertEqual((row["green_kwh"], row["co2_graded_t"]), (1200000.0, 2356.01))
        self.assertEqual(row["co2_market_t"], 1983.53)  # 2 000 000 x 0.6096 + 764 328 kg
        self.assertEqual(row["neutral_rate_pct"], 25.33)  # 1 200 000 x 0.4974 / 2 356 008

    def test_green_power_is_never_more_than_what_was_bought(self):
        self.use("E001,2023,certificate,4000,MWh")
        row = self.carbon()[0]
        self.assertEqual(row["green_kwh"], 3200000.0)
        self.assertEqual(row["co2_market_t"], 764.33)

    def test_value_added_may_come_in_thousands_and_ten_thousands(self):
        for header, value in (("value_added_kcny", "15000"), ("value_added_wan", "1500")):
            self.site.write("o.csv", f"enterprise,period,{header}\nE001,2023,{value}\n")
            done = self.ok("import", "output", "o.csv")
            self.assertIn("0 new, 0 changed, 1 same, 0 bad", done.err)

    def test_the_view_holds_what_the_command_printed_unrounded(self):
        self.carbon()
        row = self.site.ask("SELECT grade, level, co2_graded_t, intensity, ratio, status,"
                            " value_added_cny FROM v_carbon WHERE enterprise = 'E001'")[0]
        self.assertEqual((row[0], row[1], row[5], row[6]), (2, "mid", "final", 15000000))
        self.assertAlmostEqual(row[2], 2356.00835, places=5)
        self.assertAlmostEqual(row[3], 2356.00835 / 1500, places=8)
        self.assertAlmostEqual(row[4], 2356.00835 / 1500 / 2.4, places=8)

    def test_explain_tells_factor_value_and_sources(self):
        text = self.ok("explain", "carbon", "E001", "2023").out
        for words in ("1591.68 t", "0.4974", "324.33", "440.00", "2356.01", "碳效2级",
                      "2.162189", "announcement 2025 No. 47"):
            self.assertIn(words, text)
        text = self.ok("explain", "carbon", "E001", "2023", "--lang", "en").out
        self.assertIn("grade 2", text)

    def test_explain_as_json_has_the_row_and_its_carriers(self):
        told = self.rows("explain", "carbon", "E001", "2023")
        self.assertEqual({key: told[key] for key in ("grade", "co2_graded_t", "ratio")},
                         {"grade": 2, "co2_graded_t": 2356.01, "ratio": 0.6544})
        self.assertEqual([carrier["carrier"] for carrier in told["carriers"]],
                         ["electricity", "heat", "natural_gas"])
        self.assertEqual(told["inputs_sha256"], self.carbon()[0]["inputs_sha256"])

    def test_a_correction_makes_a_new_revision_and_another_hash(self):
        first = self.carbon()[0]
        self.output("E001,2023,15000001")
        row = self.carbon()[0]
        self.assertEqual((row["revision"], row["value_added_cny"]), (1, 15000001))
        self.assertNotEqual(row["inputs_sha256"], first["inputs_sha256"])

    def test_months_come_by_enterprise_and_then_by_period(self):
        rows = self.carbon("2023H1", "--by", "month")
        keys = [(row["enterprise"], row["period"]) for row in rows]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual(len(keys), 12)
        self.assertEqual({row["period_kind"] for row in rows}, {"month"})

    def test_a_coarser_figure_is_never_split(self):
        self.output("E001,2023-05,1000000", "E002,2023-05,1000000")
        row = self.carbon("2023-05")[0]
        self.assertEqual((row["reason"], row["grade"]), ("carrier_only_coarser", None))
        self.assertIn(row["status"], ("incomplete", "not_rated"))

    def test_what_is_not_a_period_is_a_usage_error(self):
        for period in ("2023-13", "2023Q5", "23", "2023-02..2023-01", "2023-01..2024-02"):
            self.fails(64, "carbon", "--period", period, says="2026-01..2026-02")
        self.fails(64, "carbon", says="--period")
        self.fails(64, "carbon", "--period", "2023", "--enterprise", "E01", says="E001")
        self.fails(64, "explain", "carbon", "E003", "2023", says="E00")


class Bounds(CarbonTest):
    """1 kg/kWh and a benchmark of 1: L and K are the same, kWh / 1000 / value added."""

    def setUp(self):
        super().setUp()
        self.site.write("factors/grid.csv",
                        "region,year,kind,kg_per_kwh,document,confidence\n"
                        "CN,2020,average,1,own,high\nCN,2020,residual,1,own,high\n")
        self.site.write("benchmarks/own.csv", "industry,region,period,t_per_1e4cny,source\n"
                        "C26,,2020,1.0,own\n")

    def grades(self, *kwh, value_added=10**9):
        ids = [f"F{n}" for n in range(len(kwh))]
        self.register(*(f"{firm},{firm},C2611,330282," for firm in ids))
        self.output(*(f"{firm},2022,{value_added}" for firm in ids))
        self.use(*(f"{firm},2022,electricity,{n},kWh" for firm, n in zip(ids, kwh)))
        return [(row["grade"], row["level"]) for row in self.carbon("2022")]

    def test_upper_bounds_are_inclusive(self):
        self.assertEqual(
            self.grades("60000000", "60000010", "80000000", "80000010", "120000000",
                        "120000010", "200000000", "200000010"),
            [(1, "low"), (2, "mid"), (2, "mid"), (3, "mid"), (3, "mid"), (4, "mid"),
             (4, "mid"), (5, "high")])

    def test_nine_decimals_decide(self):
        # 0.600 000 000 49 is 0.6 and 0.600 000 000 5 is more
        self.assertEqual(self.grades("60000000.049", "60000000.05"),
                         [(1, "low"), (2, "mid")])

    def test_value_added_of_nothing_or_less_is_not_rated(self):
        for value in (0, -5):
            with self.subTest(value=value):
                self.register("F,F,C2611,330282,")
                self.site.write("o.csv",
                                f"enterprise,period,value_added_cny\nF,2022,{value}\n")
                done = self.site.run("import", "output", "o.csv")
                if value < 0 and done.code == 65:
                    continue
                self.assertEqual(done.code, 0, done)
                self.use("F,2022,electricity,1,kWh")
                row = self.carbon("2022")[0]
                self.assertEqual((row["grade"], row["reason"]),
                                 (None, "value_added_not_positive"))


class Rules(CarbonTest):
    def one_firm(self, industry="C3110", region="330282", commissioning=""):
        self.register(f"F,F,{industry},{region},{commissioning}")

    def test_a_later_year_takes_the_latest_earlier_factor(self):
        self.one_firm()
        self.output("F,2025,1000000")
        self.use("F,2025,electricity,1000,kWh")
        row = self.carbon("2025")[0]
        self.assertEqual((row["factor_region"], row["factor_year"],
                          row["factor_kg_per_kwh"]), ("33", 2023, 0.4974))

    def test_a_province_without_a_factor_takes_its_grid_and_then_the_country(self):
        self.site.write("factors/grid.csv",
                        "region,year,kind,kg_per_kwh,document,confidence\n"
                        "CN,2022,average,0.5,own,high\neast-china,2022,average,0.4,own,high\n"
                        "33,2023,average,0.3,own,high\nCN,2022,residual,0.6,own,high\n")
        self.register("F,F,C3110,330282,", "G,G,C3110,310115,", "H,H,C3110,440300,")
        self.use(*(f"{firm},{year},electricity,1000,kWh"
                   for firm in "FGH" for year in (2021, 2022, 2023)))
        self.assertEqual([(row["factor_region"], row["factor_year"])
                          for row in self.carbon("2023")],
                         [("33", 2023), ("east-china", 2022), ("CN", 2022)])
        self.assertEqual(self.carbon("2022")[0]["factor_region"], "east-china")
        rows = self.carbon("2021")
        self.assertEqual({row["factor_region"] for row in rows}, {None})
        self.output("F,2021,100000")
        self.assertEqual(self.carbon("2021")[0]["reason"], "no_factor")

    def test_the_longest_industry_wins_before_the_longest_region(self):
        self.site.write("benchmarks/demo.csv",
                        "industry,region,period,t_per_1e4cny,source\n"
                        "C31,330282,2023,1,county\nC31,330000,2023,2,province\n"
                        "C311,CN,2023,3,group\nC17,330200,2022,4,before\nC17,,2024,5,after\n"
                        "C26,,2023,6,year\nC26,,2023-05,7,month\n")
        self.register("E1,a,C3110,330282,", "E2,b,C3120,330282,", "E3,c,C3120,330108,",
                      "E4,d,C1713,330282,", "E5,e,C2611,330282,", "E6,f,C3411,330282,")
        rows = self.carbon("2023")
        self.assertEqual([row["benchmark"] for row in rows], [3.0, 1.0, 2.0, 4.0, 6.0, None])
        self.assertEqual(rows[3]["benchmark_period"], "2022")
        rows = self.carbon("2023-05")
        self.assertEqual([row["benchmark"] for row in rows], [3.0, 1.0, 2.0, 4.0, 7.0, None])

    def test_two_benchmarks_of_equal_rank_are_an_error(self):
        self.site.write("benchmarks/more.csv", "industry,region,period,t_per_1e4cny,source\n"
                        "C31,,2023,2.5,another\n")
        self.fails(78, "check", says="more.csv:2:")

    def test_no_benchmark_and_commissioning_are_said(self):
        self.register("F,F,C3411,330282,", "G,G,C3110,330282,2024-01-31")
        self.output("F,2023,1000000", "G,2023,1000000")
        self.use("F,2023,electricity,1000,kWh", "G,2023,electricity,1000,kWh")
        self.assertEqual([(row["status"], row["reason"], row["grade"])
                          for row in self.carbon()],
                         [("not_rated", "no_benchmark", None),
                          ("not_rated", "commissioning", None)])

    def test_daily_energy_makes_the_electricity_of_a_period(self):
        self.one_firm()
        self.output("F,2023-02,1000000")
        lines = [f"F,{day},100" for day in days("2023-02-01", "2023-02-28")]
        self.site.write("e.csv", "enterprise,day,kwh\n" + "\n".join(lines[:27]) + "\n")
        self.ok("import", "energy", "e.csv")
        row = self.carbon("2023-02")[0]  # 27 of 28 days are 96.4 %
        self.assertEqual((row["purchased_kwh"], row["coverage_pct"]), (2700.0, 96.43))
        self.assertIn(row["status"], ("final", "provisional"))
        self.site.write("e.csv", "enterprise,day,kwh\n" + "\n".join(lines) + "\n")
        self.ok("import", "energy", "e.csv")
        row = self.carbon("2023-02")[0]
        self.assertEqual((row["purchased_kwh"], row["coverage"], row["status"]),
                         (2800.0, 1.0, "final"))

    def test_too_few_days_of_energy_are_incomplete_and_have_no_grade(self):
        self.one_firm()
        self.output("F,2023-02,1000000")
        lines = [f"F,{day},100" for day in days("2023-02-01", "2023-02-25")]
        self.site.write("e.csv", "enterprise,day,kwh\n" + "\n".join(lines) + "\n")
        self.ok("import", "energy", "e.csv")
        row = self.carbon("2023-02")[0]  # 25 of 28 days are 89.3 %
        self.assertEqual((row["status"], row["reason"], row["grade"]),
                         ("incomplete", "electricity_incomplete", None))

    def test_finer_rows_that_tile_a_period_add_up(self):
        self.one_firm()
        self.output(*(f"F,2023Q{n},250000" for n in (1, 2, 3, 4)))
        self.use("F,2023H1,electricity,1000,kWh", "F,2023Q3,electricity,500,kWh",
                 *(f"F,2023-{month},electricity,100,kWh" for month in (10, 11, 12)))
        row = self.carbon("2023")[0]
        self.assertEqual((row["purchased_kwh"], row["value_added_cny"], row["status"]),
                         (1800.0, 1000000, "final"))

    def test_a_period_that_is_not_over_is_provisional(self):
        self.one_firm()
        year = date.today().year
        self.output(f"F,{year},1000000")
        self.use(f"F,{year},electricity,1000,kWh")
        row = self.carbon(str(year))[0]
        self.assertEqual((row["status"], row["reason"]), ("provisional", "period_open"))


if __name__ == "__main__":
    unittest.main()
