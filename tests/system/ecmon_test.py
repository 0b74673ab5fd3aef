"""What the system tests of the tool share: a site folder of its own, runs of ecmon in it, and
questions to its store. Programs are taken from ECMON_BIN_DIR, method data from ECMON_SHARE_DIR."""

import csv
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VIEWS = (
    "v_reading v_interval v_interval_history v_curve v_meter_day v_energy_day"
    " v_energy_day_history v_energy_month v_energy_day_source v_baseline v_resumption"
    " v_resumption_history v_rate_day v_rate_day_history v_carbon v_carbon_history"
    " v_success_day v_enterprise v_meter v_group v_alarm v_audit"
).split()


def bin_dir():
    named = os.environ.get("ECMON_BIN_DIR")
    if named:
        return Path(named)
    found = sorted(ROOT.glob("build/*/bin/ecmon"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SystemExit("no ecmon: build it, or set ECMON_BIN_DIR")
    return found[-1].parent


class Run:
    """One run of the tool: exit code, standard output and error, as bytes and as text."""

    def __init__(self, args, code, out, err):
        self.args = args
        self.code = code
        self.raw = out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    def __str__(self):
        words = " ".join(str(arg) for arg in self.args)
        return f"ecmon {words}\nexit {self.code}\n{self.out[:2000]}\n{self.err[:4000]}"

    def json(self):
        return json.loads(self.out)

    def csv(self):
        return list(csv.DictReader(io.StringIO(self.out)))


class Site:
    """A folder with configuration, register and store; relative names are files in it."""

    def __init__(self, conf=""):
        self.folder = Path(tempfile.mkdtemp(prefix="ecmon-test-"))
        self.conf = self.folder / "ecmond.yaml"
        self.store = self.folder / "ecmon.db"
        self.write("ecmond.yaml", CONF + conf)
        self.write("enterprises.csv", "id,name\n")
        self.write("meters.csv", "id,enterprise,name\n")

    @staticmethod
    def share():
        return Path(os.environ.get("ECMON_SHARE_DIR", ROOT / "config"))

    def remove(self):
        shutil.rmtree(self.folder)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *args, env=None, configured=True, timeout=120, **how):
        words = [str(arg) for arg in args]
        if configured and words:
            words[1:1] = ["-c", str(self.conf)]
        command = how.pop("before", []) + [str(bin_dir() / "ecmon")] + words
        around = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        around["ECMON_SHARE_DIR"] = str(self.share())
        for name in ("LSAN_OPTIONS", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                around[name] = os.environ[name]
        around.update(env or {})
        done = subprocess.run(
            command, cwd=self.folder, env=around, timeout=timeout, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how
        )
        return Run(args, done.returncode, done.stdout, done.stderr)

    def ask(self, sql, *values):
        connection = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def state(self):
        """A hash of everything that others see in the store; None while there is none."""
        if not self.store.exists():
            return None
        digest = hashlib.sha256()
        for view in VIEWS:
            rows = sorted(map(repr, self.ask(f"SELECT * FROM {view}")))
            digest.update(f"{view} {len(rows)}\n".encode() + "\n".join(rows).encode())
        return digest.hexdigest()


CONF = """\
site: { id: test-site, name: 测试园区, timezone: Asia/Shanghai, region: "330282" }
store: { path: ecmon.db, durability: normal }
control: { socket: ecmond.sock }
"""


class ToolTest(unittest.TestCase):
    """A test case with a site. Runs that must succeed: ok, rows; that must fail: fails."""

    maxDiff = None
    conf = ""

    def setUp(self):
        self.site = Site(self.conf)
        self.addCleanup(self.site.remove)

    def ok(self, *args, **how):
        done = self.site.run(*args, **how)
        self.assertEqual(done.code, 0, done)
        return done

    def rows(self, *args, **how):
        return self.ok(*args, "--output", "json", **how).json()

    def fails(self, code, *args, says=(), site=None, **how):
        done = (site or self.site).run(*args, **how)
        self.assertEqual(done.code, code, done)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, done.err, done)
        return done

    def one(self, rows, **keys):
        found = [row for row in rows if all(row[key] == keys[key] for key in keys)]
        self.assertEqual(len(found), 1, (keys, rows))
        return found[0]

    def assert_row(self, row, expected):
        """Same keys in the same order, same types; fractions to 1e-9, all else exactly."""
        self.assertEqual(list(row), list(expected))
        for key, value in expected.items():
            name = f"{key} of {row}"
            if isinstance(value, Near):
                self.assertIsInstance(row[key], float, name)
                self.assertLess(abs(row[key] - value.value), 1e-9, name)
            elif value is ANY_SHA256:
                self.assertRegex(row[key], r"^[0-9a-f]{64}$", name)
            else:
                self.assertEqual(row[key], value, name)
                self.assertEqual(type(row[key]), type(value), name)


class Near:
    """A fraction, shown with more digits than an example prints."""

    def __init__(self, numerator, denominator):
        self.value = numerator / denominator


ANY_SHA256 = object()


def table(*rows):
    """Lines of CSV from words that are separated by blanks are easier to read."""
    return "".join(",".join(row.split()) + "\n" for row in rows)


def days(first, last):
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day.isoformat()
        day += timedelta(days=1)


def december(year, kwh_by_enterprise, months_days=None):
    """Rows of an energy import: the same energy on every day of a December."""
    last = months_days or 31
    return "".join(
        f"{enterprise},{day},{kwh}\n"
        for enterprise, kwh in kwh_by_enterprise.items()
        for day in days(f"{year}-12-01", f"{year}-12-{last:02}")
    )


# The fixture of methods.md 1.4 and of E1 row 1 and E2: six firms, December 2019 imported.
FIRMS = """\
id,name,size_class,industry,region
A,甲厂,above,C3110,330282
B,乙厂,above,C3110,330282
C,丙厂,above,C3110,330282
D,丁厂,below,C1713,330282
E,戊厂,below,C1713,330282
F,己厂,below,C1713,330282
"""
BASELINES = {"A": 10000, "B": 10000, "C": 10000, "D": 500, "E": 500, "F": 2000}
DAY = "2020-02-20"
DAY_ENERGY = {"A": 9000, "B": 2999, "C": 3000, "D": 0, "E": 600}


class SixFirms(ToolTest):
    def setUp(self):
        super().setUp()
        self.site.write("enterprises.csv", FIRMS)
        self.ok("apply")
        self.load("enterprise,day,kwh\n" + december(2019, BASELINES))
        self.load_day(DAY, DAY_ENERGY)

    def load(self, text, kind="energy", name="import.csv"):
        self.site.write(name, text)
        return self.ok("import", kind, name)

    def load_day(self, day, energy):
        rows = "".join(f"{firm},{day},{kwh}\n" for firm, kwh in energy.items())
        return self.load("enterprise,day,kwh\n" + rows)
