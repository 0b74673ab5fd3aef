"""ecmond and its broker killed at random instants: the checker of proof/ finds nothing lost.

And the checker is checked: what it must find is done to copies of what it read.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest

from daemon_site import HERE

PROOF = os.path.join(HERE, "proof")
KILLS = os.environ.get("KILLS", "40")


def run(script, *arguments, seconds):
    return subprocess.run([sys.executable, os.path.join(PROOF, script), *arguments],
                          capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL)


class KillLoop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = run("kill_loop.py", KILLS, "--meters", "20", "--keep",
                   seconds=120 + 5 * int(KILLS))
        print(done.stdout, done.stderr)
        cls.code = done.returncode
        cls.folder = re.search(r"folder (\S+)", done.stdout).group(1)

    @classmethod
    def tearDownClass(cls):
        if cls.code == 0:
            shutil.rmtree(cls.folder)

    def setUp(self):
        if self._testMethodName != "test_nothing_is_lost" and self.code != 0:
            self.skipTest("the run itself failed")

    def test_nothing_is_lost(self):
        self.assertEqual(self.code, 0)

    # --- what the checker must find ---

    def check(self, words, spoil):
        copy = self.folder + ".spoiled"
        shutil.copytree(self.folder, copy)
        self.addCleanup(shutil.rmtree, copy)
        spoil(copy)
        done = run("checker.py", copy, seconds=120)
        self.assertEqual(done.returncode, 1, done.stdout)
        for word in words:
            self.assertRegex(done.stdout, "(?m)^" + word)

    @staticmethod
    def edit(folder, name, change):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(change(lines))

    def spoil_store(self, words, *sql):
        def spoil(folder):
            db = sqlite3.connect(os.path.join(folder, "ecmon.db"))
            for statement in sql:
                db.execute(statement)
            db.commit()
            db.close()
        self.check(words, spoil)

    def spoil_lines(self, words, name, change):
        self.check(words, lambda folder: self.edit(folder, name, change))

    @staticmethod
    def first_reading(lines):
        """Its key and its lines: there may be repeated ones."""
        topic, payload = next(line for line in lines if '"type":"reading"' in line).split("\t")[2:]
        return topic, payload, [line for line in lines if line.split("\t")[3] == payload]

    def test_a_message_that_never_came(self):
        def change(lines):
            gone = set(self.first_reading(lines)[2])
            return [line for line in lines if line not in gone]
        self.spoil_lines(["I4 lost"], "messages.tsv", change)

    def test_a_repeated_message_that_differs(self):
        def change(lines):
            topic, payload, _ = self.first_reading(lines)
            other = re.sub(r'"power_w":\d+', '"power_w":1', payload)
            return lines + [f"1.5\t0\t{topic}\t{other}"]
        self.spoil_lines(["I4 wrong"], "messages.tsv", change)

    def test_a_message_without_a_row(self):
        def change(lines):
            topic, payload, _ = self.first_reading(lines)
            return lines + [f"1.5\t0\t{topic}\t" + re.sub(r'"seq":\d+', '"seq":9999999', payload)]
        self.spoil_lines(["I6 unexpected"], "messages.tsv", change)

    def test_messages_in_another_order(self):
        self.spoil_lines(["I5 wrong"], "messages.tsv", lambda lines: lines[::-1])

    def test_a_row_that_is_gone(self):
        self.spoil_store(["I1 lost|I3 lost|I11 lost", "I4 wrong", "I5 unexpected"],
                         "DELETE FROM reading WHERE key = (SELECT min(key) FROM reading)")

    def test_a_value_that_no_meter_showed(self):
        self.spoil_store(["I2 unexpected", "I4 wrong", "I11 wrong"],
                         "UPDATE reading SET power_w = power_w + 1 WHERE key = "
                         "(SELECT min(key) FROM reading WHERE status = 0)")

    def test_a_gap_in_the_journal(self):
        self.spoil_store(["I5 lost"], "DELETE FROM journal WHERE first_seq = "
                                      "(SELECT min(first_seq) FROM journal)")

    def test_a_write_to_a_meter(self):
        self.spoil_lines(["I17 wrong"], "meters.jsonl", lambda lines: lines + [json.dumps(
            {"t": 1, "meter": 1, "fc": 6, "exception": 2}) + "\n"])

    def test_a_secret_in_a_log(self):
        self.spoil_lines(["I18 unexpected"], "ecmond.log",
                         lambda lines: lines + ["password s3cret-of-the-proof\n"])


if __name__ == "__main__":
    unittest.main()
