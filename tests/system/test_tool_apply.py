#!/usr/bin/env python3
"""Bringing the store in line with the register, and what others find in the store: apply with
versions and closing, templates, imports, status without a daemon, readers of the group, views."""

import csv
import io
import os
import pwd
import shutil
import unittest
from datetime import datetime, timedelta, timezone

from ecmon_test import SixFirms, ToolTest
from view_columns import ENERGY_VIEWS, VIEW_COLUMNS

TODAY = datetime.now(timezone(timedelta(hours=8))).date()
LINE = "modbus+tcp://127.0.0.1:1502"


class Apply(ToolTest):
    def register(self, *rows, header="id,name,size_class,since,until"):
        self.site.write("enterprises.csv", header + "\n" + "".join(f"{r}\n" for r in rows))

    def versions(self, enterprise="A"):
        rows = self.site.ask("SELECT name, size_class, since, nullif(until, '9999-12-31') FROM"
                             " v_enterprise WHERE enterprise = ? ORDER BY since", enterprise)
        return [tuple(row) for row in rows]

    def test_what_is_added_changed_and_closed_is_told(self):
        self.register("A,甲,,,", "B,乙,,,", "C,丙,,,")
        done = self.ok("apply")
        self.assertEqual(done.out, "added enterprise A\nadded enterprise B\nadded enterprise C\n")
        self.assertEqual(done.err, "3 added, 0 changed, 0 closed\n")
        self.register("A,甲,above,,", "C,丙,,,", "D,丁,,,")
        told = self.rows("apply")
        self.assertEqual((told["added"], told["changed"], told["closed"]), (1, 1, 1))
        self.assertIn({"change": "closed", "kind": "enterprise", "id": "B"}, told["changes"])

    def test_a_dry_run_tells_the_same_and_changes_nothing(self):
        self.register("A,甲,,,", "B,乙,,,")
        self.ok("apply")
        before = self.site.state()
        self.register("A,乙,,,", "C,丙,,,")
        dry = self.ok("apply", "--dry-run")
        self.assertEqual(self.site.state(), before)
        self.assertEqual(dry.out, self.ok("apply").out)

    def test_applying_twice_changes_nothing(self):
        self.register("A,甲,,,", "B,乙,above,2020-01-01,2020-12-31", "B,乙,below,2021-01-01,")
        self.site.write("meters.csv", "id,enterprise,endpoint,address,profile\n"
                        f"M1,A,{LINE},1,eastron-sdm630\n")
        self.ok("apply")
        before = self.site.state()
        done = self.ok("apply")
        self.assertEqual(done.err, "0 added, 0 changed, 0 closed\n")
        self.assertEqual(self.site.state(), before)

    def test_a_row_without_until_ends_the_day_before_the_next_one(self):
        self.register("A,甲,above,,", "A,甲,below,2021-07-01,")
        self.ok("apply")
        self.assertEqual([(v[1], v[3]) for v in self.versions()],
                         [("above", "2021-06-30"), ("below", None)])

    def test_an_id_that_leaves_is_closed_the_day_before_and_keeps_its_history(self):
        self.register("A,甲,,2020-01-01,", "B,乙,,,")
        self.ok("apply")
        self.register("B,乙,,,")
        self.ok("apply")
        self.assertEqual(self.versions(),
                         [("甲", "unknown", "2020-01-01", (TODAY - timedelta(1)).isoformat())])
        self.assertEqual(len(self.rows("resumption", "--day", "2020-06-01")), 2)
        self.assertEqual(len(self.rows("resumption", "--day", TODAY.isoformat())), 1)

    def test_a_register_that_shrinks_much_is_refused_unless_it_is_allowed(self):
        self.register(*(f"E{n:02},n,,," for n in range(30)))
        self.ok("apply")
        self.register(*(f"E{n:02},n,,," for n in range(19)))
        before = self.site.state()
        for allowed in ([], ["--allow-removals", "10"]):
            self.fails(65, "apply", *allowed, says=["11", "--allow-removals 11"])
            self.assertEqual(self.site.state(), before)
        self.fails(65, "apply", "--dry-run")
        self.assertIn("11 closed", self.ok("apply", "--allow-removals", "11").err)

    def test_ten_ids_may_leave_unasked(self):
        self.register(*(f"E{n:02},n,,," for n in range(20)))
        self.ok("apply")
        self.register(*(f"E{n:02},n,,," for n in range(10)))
        self.assertIn("10 closed", self.ok("apply").err)

    def test_an_id_that_comes_back_is_the_same_one(self):
        self.register("A,甲,,2020-01-01,", "B,乙,,,")
        self.ok("apply")
        self.register("B,乙,,,")
        self.ok("apply")
        self.register("A,甲,,2020-01-01,", "B,乙,,,")
        self.ok("apply")
        self.assertEqual(self.versions(), [("甲", "unknown", "2020-01-01", None)])

    def test_lists_groups_and_meters_are_brought_in_and_out(self):
        self.register("A,甲,,,")
        self.site.write("lists.csv", "list,enterprise,role\nbackbone,A,lead\n")
        self.site.write("groups.csv", "kind,id,name\nlist,backbone,骨干\n")
        self.site.write("meters.csv", "id,enterprise,endpoint,address,profile,ct\n"
                        f"M1,A,{LINE},1,chint-dtsu666,100/5\n")
        done = self.ok("apply")
        for line in ("added meter M1", "added list backbone/A", "added group list/backbone"):
            self.assertIn(line + "\n", done.out)
        self.assertEqual(self.site.ask("SELECT meter, enterprise, ct, role FROM v_meter"),
                         [("M1", "A", 20.0, "supply")])
        self.assertEqual(self.site.ask("SELECT kind, id, name FROM v_group"),
                         [("list", "backbone", "骨干")])
        self.site.write("lists.csv", "list,enterprise,role\n")
        self.assertIn("closed list backbone/A\n", self.ok("apply").out)

    def test_every_change_is_audited(self):
        self.register("A,甲,,,")
        self.ok("apply")
        rows = self.site.ask("SELECT action, object, who FROM v_audit")
        self.assertTrue(any("A" in str(row[1]) for row in rows), rows)
        self.assertTrue(all(row[2] for row in rows), rows)

    def test_a_site_column_makes_a_box_take_its_own_meters_only(self):
        self.register("A,甲,,,")
        self.site.write("meters.csv", "id,enterprise,endpoint,address,profile,site\n"
                        f"M1,A,{LINE},1,eastron-sdm630,test-site\n"
                        f"M2,A,{LINE},2,eastron-sdm630,elsewhere\n"
                        f"M3,A,{LINE},3,eastron-sdm630,\n")
        self.ok("apply")
        meters = [meter for meter, in self.site.ask("SELECT meter FROM v_meter ORDER BY 1")]
        self.assertIn("M1", meters)
        self.assertNotIn("M2", meters)


class Templates(ToolTest):
    KINDS = ("enterprises", "meters", "lists", "groups", "energy", "output", "energy-use")

    def test_an_empty_template_of_every_kind_is_accepted_in_both_languages(self):
        self.site.write("enterprises.csv", "id,name\nE1,甲\n")
        self.ok("apply")
        for kind in self.KINDS:
            for args in ([], ["--labels", "zh"], ["--labels", "zh", "--excel"]):
                with self.subTest(kind=kind, args=args):
                    done = self.ok("template", kind, *args, configured=False)
                    self.assertEqual(len(done.raw.splitlines()), 1)
                    if kind in ("energy", "output", "energy-use"):
                        # one unit of each figure, as the file of a user has
                        header = done.raw.decode("utf-8-sig").strip().split(",")
                        self.check_import(kind, header)
                    else:
                        self.site.write(f"{kind}.csv", done.raw)
                        self.ok("check")
                        self.site.write(f"{kind}.csv", "id,name\nE1,甲\n"
                                        if kind == "enterprises" else done.raw)

    def check_import(self, kind, header):
        names = [name for name in header
                 if not name.endswith(("_kcny", "_wan", "wan_kwh"))
                 and "千元" not in name and "万" not in name and name not in ("account", "户号")]
        self.site.write("in.csv", ",".join(names) + "\n")
        self.ok("import", kind, "in.csv")

    def test_labels_zh_prints_chinese_headings_only(self):
        for kind in self.KINDS:
            done = self.ok("template", kind, "--labels", "zh", configured=False)
            for name in done.out.strip().split(","):
                self.assertRegex(name, "[\u4e00-\u9fff]|PT|CT", kind)

    def test_a_filled_in_chinese_template_gives_what_the_english_one_gives(self):
        values = {
            "enterprises": {"id": "E1", "name": "甲", "size_class": "规上", "industry": "C3110",
                            "region": "330282", "voltage_kv": "10", "area_mu": "12.5",
                            "since": "2020年1月1日"},
            "meters": {"id": "M1", "enterprise": "E1", "name": "总表", "endpoint": LINE,
                       "address": "1", "profile": "chint-dtsu666", "pt": "1",
                       "ct": "100/5", "role": "supply", "since": "2020-01-01"},
            "lists": {"list": "backbone", "enterprise": "E1", "role": "lead"},
            "groups": {"kind": "list", "id": "backbone", "name": "骨干"},
        }
        states = []
        for args in ([], ["--labels", "zh"]):
            for kind, row in values.items():
                english = self.ok("template", kind, configured=False).out.strip().split(",")
                header = self.ok("template", kind, *args, configured=False).out.strip()
                out = io.StringIO()
                csv.writer(out).writerow([row.get(name, "") for name in english])
                self.site.write(f"{kind}.csv", header + "\n" + out.getvalue())
            self.ok("apply")
            states.append([self.site.ask(f"SELECT * FROM {view}")
                           for view in ("v_enterprise", "v_meter", "v_group")])
        self.assertEqual(states[0], states[1])
        self.assertEqual(states[0][0][0][:6], ("E1", "甲", None, None, "above", "C3110")
                         if states[0][0][0][2] is None else ("E1", "甲", "", "", "above", "C3110"))


class Import(SixFirms):
    def test_the_last_line_counts_new_changed_and_same_rows(self):
        done = self.load("enterprise,day,kwh\nA,2020-02-20,9000\nA,2020-02-21,1\n"
                         "B,2020-02-20,3000\n")
        self.assertEqual(done.err.splitlines()[-1], "1 new, 1 changed, 1 same, 0 bad")
        self.assertEqual(done.out, "")

    def test_a_correction_is_a_new_revision_and_audited(self):
        self.load_day("2020-02-20", {"B": 3000})
        self.assertEqual(self.site.ask(
            "SELECT revision, energy_wh FROM v_energy_day_history WHERE enterprise = 'B'"
            " AND day = '2020-02-20' ORDER BY 1"), [(0, 2999000), (1, 3000000)])
        self.assertEqual(self.site.ask("SELECT revision, energy_wh FROM v_energy_day WHERE"
                                       " enterprise = 'B' AND day = '2020-02-20'"),
                         [(1, 3000000)])
        self.assertTrue(self.site.ask("SELECT 1 FROM v_audit WHERE object LIKE '%energy%'"
                                      " OR action LIKE '%import%'"))

    def test_a_dry_run_counts_and_changes_nothing(self):
        before = self.site.state()
        self.site.write("in.csv", "enterprise,day,kwh\nA,2020-02-20,1\nA,2020-02-21,1\n")
        done = self.ok("import", "energy", "in.csv", "--dry-run")
        self.assertEqual(done.err.splitlines()[-1], "1 new, 1 changed, 0 same, 0 bad")
        self.assertEqual(self.site.state(), before)

    def test_one_bad_row_keeps_all_others_out(self):
        before = self.site.state()
        self.site.write("in.csv", "enterprise,day,kwh\nA,2020-02-21,1\nZ,2020-02-21,1\n")
        self.fails(65, "import", "energy", "in.csv", says="0 new, 0 changed, 0 same, 1 bad")
        self.assertEqual(self.site.state(), before)

    def test_with_json_the_counts_are_an_object(self):
        self.site.write("in.csv", "enterprise,day,kwh\nA,2020-02-20,1\n")
        self.assertEqual(self.rows("import", "energy", "in.csv"),
                         {"new": 0, "changed": 1, "same": 0, "bad": 0, "errors": []})


class Status(SixFirms):
    def test_without_a_daemon_the_store_part_is_filled_and_the_exit_code_is_1(self):
        done = self.site.run("status", "--output", "json")
        self.assertEqual(done.code, 1, done)
        told = done.json()
        self.assertEqual(list(told), [
            "ok", "site", "version", "epoch", "since", "now", "zone", "daemon", "clock",
            "config_sha256", "register_sha256", "methods_sha256", "store", "sinks", "lines",
            "meters", "counts", "problems"])
        self.assertEqual((told["ok"], told["daemon"]["running"]), (False, False))
        self.assertEqual((told["site"], told["zone"]), ("test-site", "internet"))
        self.assertEqual(list(told["store"]), ["path", "size_bytes", "schema", "last_commit",
                                               "oldest_reading", "days_left"])
        self.assertEqual(told["store"]["path"], str(self.site.store))
        self.assertGreater(told["store"]["size_bytes"], 0)
        self.assertIsNotNone(told["store"]["last_commit"])
        self.assertEqual(told["counts"]["enterprises"], 6)
        self.assertIsInstance(told["epoch"], int)
        for key in ("config_sha256", "register_sha256", "methods_sha256"):
            self.assertRegex(told[key], "^[0-9a-f]{64}$")
        problem = told["problems"][0]
        self.assertEqual(list(problem), ["severity", "code", "object", "message"])

    def test_people_get_it_as_text(self):
        done = self.site.run("status")
        self.assertEqual(done.code, 1)
        self.assertIn("test-site", done.out)

    def test_without_a_store_it_is_still_an_answer(self):
        self.site.store.unlink()
        done = self.site.run("status", "--output", "json")
        self.assertEqual((done.code, done.json()["ok"]), (1, False), done)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root")
class Readers(SixFirms):
    """Another user of the group reads, and writes nothing."""

    def as_other(self, groups=True):
        nobody = pwd.getpwnam("nobody")
        group = str(self.site.store.stat().st_gid)
        return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}",
                f"--groups={group}" if groups else "--clear-groups"]

    def setUp(self):
        super().setUp()
        os.chmod(self.site.folder, 0o755)
        os.chown(self.site.store, -1, 12345)
        for end in ("-wal", "-shm"):
            path = self.site.folder / f"ecmon.db{end}"
            if path.exists():
                os.chown(path, -1, 12345)

    def test_files_of_the_store_are_for_owner_and_group_only(self):
        for path in self.site.folder.glob("ecmon.db*"):
            self.assertEqual(path.stat().st_mode & 0o137, 0, path)
        self.assertEqual(self.site.store.stat().st_mode & 0o777, 0o640)

    def test_a_member_of_the_group_gets_the_same_answers(self):
        for args in (("rates", "--day", "2020-02-20"), ("resumption", "--day", "2020-02-20"),
                     ("energy", "--day", "2020-02-20"), ("carbon", "--period", "2019"),
                     ("explain", "rate", "2020-02-20"),
                     ("export", "days", "--from", "2020-02-20", "--to", "2020-02-20")):
            with self.subTest(args):
                theirs = self.rows(*args, before=self.as_other())
                self.assertEqual(theirs, self.rows(*args))

    def test_a_member_of_the_group_writes_nothing(self):
        before = self.site.state()
        self.site.write("in.csv", "enterprise,day,kwh\nA,2020-02-21,1\n")
        for args in (("import", "energy", "in.csv"), ("apply",)):
            done = self.site.run(*args, before=self.as_other())
            self.assertIn(done.code, (1, 69, 74), done)
            self.assertRegex(done.err, "(?i)permission|read-only|cannot|not", done)
        self.assertEqual(self.site.state(), before)

    def test_who_is_not_in_the_group_is_refused_with_a_reason(self):
        done = self.site.run("rates", "--day", "2020-02-20", before=self.as_other(False))
        self.assertIn(done.code, (1, 69, 74), done)
        self.assertIn(str(self.site.store), done.err)


class Views(SixFirms):
    """Others read these: names, order and types are a contract; columns may be added behind."""

    def test_every_view_has_the_documented_columns_in_order(self):
        for view, columns in VIEW_COLUMNS.items():
            with self.subTest(view):
                found = [row[1] for row in self.site.ask(f"PRAGMA table_info({view})")]
                self.assertEqual(found[:len(columns)], columns)

    def test_views_that_show_the_newest_row_have_a_history(self):
        for view in ("v_interval", "v_energy_day", "v_resumption", "v_rate_day", "v_carbon"):
            columns = [row[1] for row in self.site.ask(f"PRAGMA table_info({view}_history)")]
            self.assertEqual(columns[:len(VIEW_COLUMNS[view])], VIEW_COLUMNS[view], view)

    def test_values_have_the_documented_types(self):
        self.site.write("use.csv", "enterprise,period,carrier,quantity,unit\n"
                        "A,2023-05,natural_gas,10,m3\nA,2023-05,electricity,10,kWh\n")
        self.site.write("out.csv", "enterprise,period,value_added_wan\nA,2023-05,10\n")
        self.ok("import", "energy-use", "use.csv")
        self.ok("import", "output", "out.csv")
        self.rows("rates", "--day", "2020-02-20")
        self.rows("carbon", "--period", "2023-05")
        real = ("rate", "coverage", "ratio", "intensity", "benchmark", "factor_kg_per_kwh",
                "index", "_t", "_tce", "_tce_primary", "_kwh", "_firms", "low", "high")
        seen = set()
        for view in ENERGY_VIEWS + ("v_resumption", "v_rate_day", "v_carbon", "v_baseline"):
            columns = VIEW_COLUMNS[view]
            for row in self.site.ask(f"SELECT {', '.join(columns)} FROM {view}"):
                for name, value in zip(columns, row):
                    if value is None:
                        continue
                    seen.add((view, name))
                    if name.endswith(("_ms", "_wh", "_varh")) or name.startswith("n_") \
                            or name in ("revision", "valid", "produced", "suppressed", "grade",
                                        "mixed_source", "valid_days", "baseline_valid_days"):
                        self.assertIsInstance(value, int, (view, name))
                    elif name.endswith(real) and name not in ("group_name",):
                        self.assertIsInstance(value, float, (view, name))
                    elif name in ("day", "period", "enterprise", "state", "quality", "status"):
                        self.assertIsInstance(value, str, (view, name))
        self.assertIn(("v_carbon", "co2_graded_t"), seen)
        self.assertIn(("v_rate_day", "resumption_rate"), seen)

    def test_a_month_adds_up_its_days(self):
        self.assertEqual(self.site.ask(
            "SELECT energy_wh, coverage, valid FROM v_energy_month WHERE enterprise = 'A'"
            " AND period = '2019-12'"), [(310000000, 1.0, 1)])

    def test_others_cannot_be_kept_from_reading_while_somebody_writes(self):
        self.assertEqual(self.site.ask("PRAGMA journal_mode"), [("wal",)])


if __name__ == "__main__":
    unittest.main()
