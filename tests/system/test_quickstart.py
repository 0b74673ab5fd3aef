"""sh config/quickstart.sh, as a newcomer runs it: in a copy of the tree, with and without luck."""
import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from daemon_site import LOOPBACK, ROOT, WORK, main, wait_until

SECONDS = 25

def tree_files():
    """What a clone would have, and what is new in the working tree."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT,
                          capture_output=True)
    if done.returncode != 0:
        raise unittest.SkipTest("SKIPPED: not a git tree: " + done.stderr.decode())
    return [name for name in done.stdout.decode().split("\0")
            if name and os.path.isfile(os.path.join(ROOT, name))]


def copy_tree():
    """A copy beside the build, brought up to date: what did not change is not built again."""
    copy = os.path.join(WORK, "quickstart-tree")
    wanted = set(tree_files())
    for name in wanted:
        source, target = os.path.join(ROOT, name), os.path.join(copy, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target):
            with open(source, "rb") as a, open(target, "rb") as b:
                if a.read() == b.read():
                    continue
        shutil.copy(source, target)
    for folder, names, files in os.walk(copy):
        if folder == copy:
            names[:] = [name for name in names if name not in ("build", ".git")]
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, copy) not in wanted:
                os.unlink(path)
    return copy


class Quickstart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.copy = copy_tree()
        cls.tmp = tempfile.mkdtemp(prefix="ecmon-quick.")
        cls.addClassCleanup(shutil.rmtree, cls.tmp, ignore_errors=True)

    def start(self, *arguments):
        self.log_path = os.path.join(self.tmp, self.id() + ".log")
        log = open(self.log_path, "wb")
        self.addCleanup(log.close)
        env = {key: value for key, value in os.environ.items() if not key.startswith("ECMON_")}
        env.update(TMPDIR=self.tmp, LANG="C.UTF-8")
        # a shell whose parent ignores SIGINT could not trap it
        self.process = subprocess.Popen(
            ["sh", "config/quickstart.sh", *arguments], cwd=self.copy, env=env,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(self.kill_rest)

    def kill_rest(self):
        for pid in self.left_over():
            os.kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def left_over(self):
        """Processes of the session or with our temporary folder in their command line."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == os.getpid():
                continue
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    command = file.read()
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            session, state = int(fields[3]), fields[0]
            if state != "Z" and int(name) != self.process.pid and (
                    session == self.process.pid or self.tmp.encode() in command):
                found.append(int(name))
        return found

    def output(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def run_to_end(self, seconds=600):
        self.start("--seconds", str(SECONDS))
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.fail("quickstart does not end:\n" + self.output()[-3000:])
        self.assertEqual(code, 0, self.output()[-3000:])
        self.assertEqual(self.left_over(), [])
        self.assertEqual([n for n in os.listdir(self.tmp) if n.startswith("ecmon-quickstart")], [])
        return self.output()

    def sections(self, output):
        """Title of each section -> its text."""
        parts = re.split(r"^== (.*)$", output, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2]))

    def section(self, output, words):
        found = [text for title, text in self.sections(output).items()
                 if re.search(words, title)]
        self.assertEqual(len(found), 1, f"sections with {words} in:\n{output[-6000:]}")
        return found[0]

    def check_output(self, output):
        yesterday = (datetime.date.today() - datetime.timedelta(days=1)).isoformat()
        live = self.section(output, "Live readings")
        topics = set(re.findall(r"ecmon/v1/quickstart/meter/(M\d+)/reading \{\"type\":\"reading\"",
                                live))
        self.assertGreaterEqual(len(topics), 3, live)
        topics = self.section(output, "MQTT topics")
        for word in ("status", "/reading", "/interval", "/rate/", "/carbon/", "watermark"):
            self.assertIn(word, topics)
        by_size = self.section(output, f"{yesterday}.*size class")
        self.assertIn("above", by_size)
        self.assertIn("below", by_size)
        self.assertNotIn("insufficient", by_size)
        by_industry = self.section(output, "ates of yesterday by industry")
        for industry in ("C17", "C29", "C31", "C33", "C34"):
            self.assertIn(industry, by_industry)
        today = self.section(output, "^Today ")
        self.assertIn(datetime.date.today().isoformat(), today)
        self.assertIn("初报", today)
        self.assertIn("preliminary", output.split("\n== Today")[1].split("\n")[0])
        carbon = self.section(output, "Carbon efficiency")
        self.assertGreaterEqual(len(set(re.findall(r"碳效[1-5]级", carbon))), 4, carbon)
        self.assertGreaterEqual(len(set(re.findall(r"[低中高]碳", carbon))), 2, carbon)
        self.assertIn("不评级 无增加值", carbon)
        self.assertIn("M017", self.section(output, "How it is doing"))
        self.assertIn("M023", self.section(output, "How it is doing"))
        more = self.section(output, "Ask more")
        for word in ("explain rate", "ecmon resumption", "ecmon energy", "mosquitto_sub",
                     "sqlite3 -readonly"):
            self.assertIn(word, more)
        took = re.search(r"All of this (\d+) s after the build", output)
        self.assertIsNotNone(took)
        self.assertLessEqual(int(took.group(1)), 60)
        self.assertIn("Everything that was started here has ended.", output)

    def test_1_a_first_run_shows_everything(self):
        output = self.run_to_end()
        self.check_output(output)

    def test_2_a_second_run_with_its_ports_busy_works_as_well(self):
        busy = []
        for port in (15020, 15022, 18830):
            try:
                busy.append(socket.create_server((LOOPBACK, port)))
            except OSError:
                pass  # busy already: that is all we want
        try:
            output = self.run_to_end()
        finally:
            for listener in busy:
                listener.close()
        self.check_output(output)
        self.assertNotIn("ports from 15020 on", output)
        self.assertNotIn("port 18830\n", output)

    def interrupt(self, at, number, to_group):
        self.start()
        wait_until(lambda: f"no \"{at}\" in:\n" + self.output()[-3000:],
                   lambda: at in self.output() or self.process.poll() is not None, 120)
        self.assertIsNone(self.process.poll(), self.output()[-3000:])
        if to_group:
            os.killpg(self.process.pid, number)  # as a terminal does
        else:
            os.kill(self.process.pid, number)
        code = self.process.wait(20)
        self.assertEqual(code, 128 + number, self.output()[-2000:])
        wait_until(lambda: f"left over: {self.left_over()}", lambda: not self.left_over(), 5)
        self.assertIn("Everything that was started here has ended.", self.output())

    def test_3_ctrl_c_ends_everything(self):
        self.interrupt("Running. Ctrl-C ends it.", signal.SIGINT, True)

    def test_4_ctrl_c_on_the_way_ends_everything(self):
        self.interrupt("== Importing a history", signal.SIGINT, True)

    def test_5_sigterm_ends_everything(self):
        self.interrupt("Running. Ctrl-C ends it.", signal.SIGTERM, False)

    def test_6_wrong_usage(self):
        for arguments in (["--seconds"], ["--seconds", "ten"], ["--second", "5"]):
            done = subprocess.run(["sh", "config/quickstart.sh", *arguments], cwd=self.copy,
                                  capture_output=True, text=True, timeout=10)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn("quickstart:", done.stderr)


if __name__ == "__main__":
    main()
