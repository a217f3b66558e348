# SPDX-License-Identifier: Apache-2.0
"""A Headrace of single services, each of them twice, with four workers and a Redis of its own, all on loopback. Every service
reaches Redis, and every worker its dispatchers, over a line of its own (proxy.py)."""

import http.client
import json
import os
import random
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from processes import Supervisor, now
from proxy import Lines

HERE = os.path.dirname(os.path.abspath(__file__))
LEASE_S = 10
PAIRS = ("changesource", "scheduler", "dispatcher", "notifier", "web")
WORKERS = ("w1", "w2", "w3", "w4")
# Branch → the builders that build it, and builder → the seconds of its steps.
BRANCHES = {"quick": ["quick"], "two": ["two"], "slow": ["slow"], "all": ["quick", "two", "slow"]}
BUILDERS = {"quick": [0], "two": [1, 1], "slow": [5, 0]}


def free_port(taken=set()):
    """Below the range of which the kernel takes ports for connections: a process that was killed finds its own free again."""
    while True:
        port = random.SystemRandom().randrange(15000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            taken.add(port)
            return port


def configuration(steps_file, report_port, variant):
    """The variants differ in what must not matter to a change that was accepted."""
    step = json.dumps(os.path.join(HERE, "step"))
    text = f'site {{ title = "variant {variant}" }}\nhook.base {{}}\n'
    text += "".join(f'worker "{w}" {{ slots = {2 + variant % 2} }}\n' for w in WORKERS)
    for builder, seconds in BUILDERS.items():
        steps = ", ".join(
            f'step.shell {{ name = "{name}", command = {{ {step}, {json.dumps(steps_file)}, "{builder}", '
            f'interpolate "%(prop:buildnumber)s", interpolate "%(src::revision)s", interpolate "%(prop:workername)s", '
            f'"{name}", "{length}" }} }}'
            for name, length in zip("abc", seconds))
        text += (f'builder "{builder}" {{ workers = {{ "w*" }}, description = "v{variant}", '
                 f'max_builds_per_worker = 2, steps = {{ {steps} }} }}\n')
    for branch, builders in BRANCHES.items():
        names = ", ".join(f'"{b}"' for b in builders)
        text += f'scheduler.branch "on-{branch}" {{ branch = "{branch}", builders = {{ {names} }}, priority = {variant % 3} }}\n'
    return text + f'reporter.http {{ server_url = "http://127.0.0.1:{report_port}/report" }}\n'


class Deployment:
    def __init__(self, binaries, folder):
        self.binaries, self.folder = binaries, folder
        for name in ("log", "redis", "data", "run", "etc"):
            os.makedirs(os.path.join(folder, name))
        self.steps_file = os.path.join(folder, "steps")
        self.lines, self.supervisor = Lines(), Supervisor(os.path.join(folder, "log"))
        self.redis_port = free_port()
        self.ports = {name + i: free_port() for name in ("changesource", "dispatcher", "web") for i in "12"}
        self.bus = {name: f"tcp://127.0.0.1:{free_port()}" for name in ("publish", "subscribe")}
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "HEADRACE_REDIS": f"tcp://127.0.0.1:{self.redis_port}",
            "HEADRACE_SITE_KEY": self.path("etc/site.key"), "HEADRACE_DATA": self.path("data"),
            "HEADRACE_BUS_BIND_PUBLISH": self.bus["publish"], "HEADRACE_BUS_BIND_SUBSCRIBE": self.bus["subscribe"],
            "HEADRACE_BUS_PUBLISH": self.bus["publish"], "HEADRACE_BUS_SUBSCRIBE": self.bus["subscribe"]}
        self.redis_lines, self.worker_lines = {}, {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def binary(self, name):
        return os.path.join(self.binaries, name)

    def start(self, report_port):
        self.supervisor.start("redis", ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir",
                                        self.path("redis"), "--appendonly", "yes", "--appendfsync", "always"],
                              self.environment)
        self.command("key", "new", self.path("etc/site.key"))
        wait_for("Redis", 20, lambda: socket.create_connection(("127.0.0.1", self.redis_port), 1).close() or True)
        self.apply(report_port, 0)
        self._start_service("bus", "bus", {})
        for i in "12":
            for program in PAIRS:
                name = program + i
                more = {"changesource": {"HEADRACE_INTAKE": f"127.0.0.1:{self.ports.get(name)}"},
                        "dispatcher": {"HEADRACE_WORKERS": f"tcp://127.0.0.1:{self.ports.get(name)}",
                                       "HEADRACE_LEASE_MS": str(LEASE_S * 1000), "HEADRACE_HEARTBEAT_MS": "1500",
                                       "HEADRACE_MAX_ATTEMPTS": "100"},
                        "web": {"HEADRACE_WEB": f"127.0.0.1:{self.ports.get(name)}",
                                "HEADRACE_HISTORY": self.path(f"data/{name}.sqlite")}}.get(program, {})
                self._start_service(name, program, more)
        for worker in WORKERS:
            self._start_worker(worker)
        wait_for("four workers", 60, lambda: sum(bool(w["connected_to"]) for w in self.get("1", "workers")["workers"]) == 4)

    def _start_service(self, name, program, more):
        line = self.redis_lines[name] = self.lines.add("redis-" + name, self.redis_port)
        environment = {**self.environment, "HEADRACE_REDIS": f"tcp://127.0.0.1:{line.port}",
                       "HEADRACE_STATUS": "unix:" + self.path(f"run/{name}.sock"), **more}
        self.supervisor.start(name, [self.binary("headrace-" + program)], environment)

    def _start_worker(self, name):
        lines = self.worker_lines[name] = [self.lines.add(f"{name}-{i}", self.ports["dispatcher" + i]) for i in "12"]
        servers = [word for line in lines for word in ("--server", f"tcp://127.0.0.1:{line.port}")]
        token = self.path(f"etc/{name}.token")
        with open(os.open(token, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self.command("worker", "add", name, *servers).split()[0])
        words = [self.binary("headrace-worker"), "--token-file", token, "--base-dir", self.path("work-" + name),
                 "--status", "unix:" + self.path(f"run/{name}.sock")]
        os.makedirs(self.path("work-" + name))
        if "--lease " in subprocess.run([words[0], "--help"], capture_output=True, text=True, timeout=20).stdout:
            words += ["--lease", f"{LEASE_S}s"]
        self.supervisor.start(name, words, {key: self.environment[key] for key in ("PATH", "HOME")})

    def command(self, *words):
        environment = {**self.environment, "HEADRACE_WEB_URL": f"http://127.0.0.1:{self.ports['web1']}"}
        try:
            done = subprocess.run([self.binary("headrace"), *words], env=environment, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=60)
        except subprocess.TimeoutExpired as error:
            raise OSError(f"headrace {' '.join(words)}: no end after 60 s") from error
        if done.returncode:
            raise OSError(f"headrace {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, report_port, variant):
        path = self.path("etc/headrace.lua")
        with open(path, "w") as file:
            file.write(configuration(self.steps_file, report_port, variant))
        self.command("apply", path)

    def get(self, web, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['web' + web]}/api/v2/{path}", timeout=20) as answer:
            return json.load(answer)

    def rows(self, web, kind, key):
        """All rows of one kind, asked for in pages."""
        out = []
        while True:
            page = self.get(web, f"{kind}?order={key}&limit=1000&offset={len(out)}")[kind]
            out += page
            if len(page) < 1000:
                return out

    def post(self, changesource, branch, revision):
        """One push; True when it was answered with 2xx."""
        body = urllib.parse.urlencode({"author": "dev@example.org", "comments": "c", "repository": "r", "branch": branch,
                                       "revision": revision, "files": '["a"]', "project": ""})
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["changesource" + changesource], timeout=10)
        try:
            connection.request("POST", "/change_hook/base", body, {
                "Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": revision})
            answer = connection.getresponse()
            answer.read()
            return 200 <= answer.status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self):
        self.supervisor.stop()
        self.lines.close()


def wait_for(what, seconds, test):
    end = now() + seconds
    reason = "not yet"
    while now() < end:
        try:
            if test():
                return
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            reason = error
        time.sleep(0.3)
    raise TimeoutError(f"waited {seconds} s for {what}: {reason}")
