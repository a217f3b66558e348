#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A worker in one file: one build at a time, of plain shell steps. docs/protocol.md says what it speaks.

usage: worker.py TOKEN DIRECTORY   (TOKEN: what `headrace worker add NAME` prints; builds go below DIRECTORY)
"""
import base64, os, platform, re, secrets, signal, subprocess, sys, time, zlib

import msgpack
import zmq

SUCCESS, WARNINGS, FAILURE, SKIPPED, EXCEPTION, RETRY, CANCELLED = range(7)
RANK = [1, 2, 3, 0, 4, 5, 6]  # of each result, from best to worst
WORDS = ["build successful", "warnings", "failed", "build successful", "exception", "retry", "cancelled"]
READ = 16384  # bytes at once: framed they are at most twice as many, and a chunk has room for 65,000
NOT_HERE = ("initial_stdin", "warning_pattern", "max_time_ms", "max_lines")  # of a step: other workers can do these
UNACKNOWLEDGED = 50  # reports; with more the step has to wait


def now():
    return int(time.time() * 1000)


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def worse(a, b):
    return max(a, b, key=lambda r: RANK[r])


def weigh(step, result):
    """What a step's result is to its build, and whether only `always_run` steps follow."""
    if result == FAILURE:
        return FAILURE if step["flunk_on_failure"] else WARNINGS if step["warn_on_failure"] else SUCCESS, step["halt_on_failure"]
    if result == WARNINGS:
        return FAILURE if step["flunk_on_warnings"] else WARNINGS if step["warn_on_warnings"] else SUCCESS, False
    return result, result in (EXCEPTION, RETRY, CANCELLED)


def must_be_rendered(value):
    """Whether an object with a key such as $interpolate is in it: this worker renders nothing."""
    if isinstance(value, dict):
        return any(str(k).startswith("$") or must_be_rendered(v) for k, v in value.items())
    return isinstance(value, list) and any(map(must_be_rendered, value))


def environment(step):
    env = dict(os.environ)
    for name, value in step["env"].items():
        env.pop(name, None)
        if value is not None:
            text = ":".join(map(str, value)) if isinstance(value, list) else str(value)
            env[name] = re.sub(r"\$\{(\w+)\}", lambda m: os.environ.get(m[1], ""), text)
    return env


class Build:
    """A build that was offered; it starts when it is accepted."""

    def __init__(self, worker, claim, plan):
        self.worker, self.claim, self.steps, self.directory = worker, claim, plan["steps"], plan["directory"]
        self.id, self.sequence, self.kept, self.results = 0, 0, [], SUCCESS
        self.next, self.number, self.process, self.pipe, self.held = 0, -1, None, None, b""
        self.stop = self.cancelled = False

    def report(self, items=(), piece=None):
        """Sends it, and keeps it until it is acknowledged. Only reports with items have a number."""
        self.sequence += bool(items)
        self.kept.append({"claim": self.claim, "build": self.id, "sequence": self.sequence if items else 0,
                          "logs": [piece] if piece else [], "items": list(items)})
        self.worker.send("report", self.kept[-1])

    def acknowledged(self, sequence, positions):
        sizes = {(p["step"], p["log"]): p["size"] for p in positions}
        for r in self.kept:
            r["logs"] = [p for p in r["logs"] if p["offset"] >= sizes.get((p["step"], p["log"]), 0)]
            if r["sequence"] <= sequence:
                r["sequence"], r["items"] = 0, []
        self.kept = [r for r in self.kept if r["items"] or r["logs"]]

    def start(self, build, number):
        if self.id:
            return  # a repeat
        self.id, self.directory = build, os.path.join(self.worker.directory, self.directory)
        self.report([{"properties": {"buildnumber": [number, "Build"], "builddir": [self.directory, "Worker"]}}])
        self.next_step()

    def next_step(self):
        while self.next < len(self.steps):
            self.step, self.next = self.steps[self.next], self.next + 1
            if not self.stop or self.step["always_run"]:
                return self.run()
        self.report([{"finish": {"results": self.results, "state_string": WORDS[self.results]}}])

    def run(self):
        step, self.number, self.timed_out = self.step, self.number + 1, False
        self.log = {"index": 0, "name": "stdio", "slug": "stdio", "type": "s", "lines": 0, "size": 0, "crc": 0}
        self.record = {"v": 1, "number": self.number, "name": step["name"][:50], "started": now(),
                       "hidden": bool(step["hide_step_if"]), "state_string": "running", "logs": [self.log]}
        self.report([{"step": dict(self.record, logs=[dict(self.log)])}])
        if not step["do_step_if"]:
            return self.end(SKIPPED)
        directory = os.path.join(self.directory, step["workdir"])
        self.write(b"h", f"{step['command']}\n in dir {directory}\n".encode())
        try:
            os.makedirs(directory, exist_ok=True)
            self.process = subprocess.Popen(step["command"], shell=isinstance(step["command"], str), cwd=directory,
                                            env=environment(step), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as e:
            self.write(b"e", f"{e}\n".encode())
            return self.end(EXCEPTION)
        self.pipe, self.heard = self.process.stdout, time.monotonic()

    def write(self, channel, text):
        """Frames lines, a last one without newline with the capital letter, and sends them as one chunk."""
        *lines, rest = text.split(b"\n")
        framed = b"".join(channel + line + b"\n" for line in lines) + (channel.upper() + rest + b"\n" if rest else b"")
        count = len(lines) + bool(rest)
        # Format 1, stored; size, lines, one time mark: line 0 and the time, zigzag (twice a positive number).
        head = b"\x01\x00" + b"".join(map(varint, (len(framed), count, 1, 0, 2 * now())))
        piece = {"step": self.number, "log": 0, "offset": self.log["size"], "chunk": head + framed}
        self.log.update(lines=self.log["lines"] + count, size=self.log["size"] + len(framed),
                        crc=zlib.crc32(framed, self.log["crc"]))
        self.report(piece=piece)

    def read(self):
        data, self.heard = os.read(self.pipe.fileno(), READ), time.monotonic()
        self.held += data
        # An unfinished line waits for its end, unless it is long or the last one.
        cut = self.held.rfind(b"\n") + 1 if data and len(self.held) < READ else len(self.held)
        if cut:
            self.write(b"o", self.held[:cut])
            self.held = self.held[cut:]
        if not data:
            self.pipe = self.pipe.close()

    def on_time(self):
        """Sees that the command has ended, or that it has to."""
        if not self.process:
            return
        if self.pipe:
            if 0 < self.step["timeout_ms"] < (time.monotonic() - self.heard) * 1000:
                self.timed_out = True
                self.kill()
        elif self.process.poll() is not None:
            code, self.process = self.process.returncode, None
            self.write(b"h", f"program finished with exit code {code}\n".encode())
            good = (self.step["decode_rc"] or {0: SUCCESS}).get(code, FAILURE)
            self.end(CANCELLED if self.cancelled else FAILURE if self.timed_out else good)

    def end(self, results):
        self.log["complete"] = True
        self.record.update(complete=now(), results=results, state_string="finished" if results == SUCCESS else WORDS[results])
        self.report([{"step": self.record}])
        mine, stop = weigh(self.step, results)
        self.results, self.stop = worse(self.results, mine), self.stop or stop
        self.next_step()

    def cancel(self):
        if not self.cancelled:
            self.cancelled = self.stop = True
            self.results = worse(self.results, CANCELLED)
            self.kill()

    def kill(self):
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)


class Worker:
    def __init__(self, token, directory):
        self.token = msgpack.unpackb(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        self.directory, self.instance = os.path.abspath(directory), secrets.token_hex(8)
        self.socket, self.connections, self.build, self.number = None, 0, None, 0
        self.connect()

    def connect(self):
        """A new socket, to the next of the servers."""
        if self.socket:
            self.socket.close(linger=0)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.curve_serverkey = self.token["server_key"].encode()
        self.socket.curve_publickey = self.token["public_key"].encode()
        self.socket.curve_secretkey = self.token["secret_key"].encode()
        self.socket.connect(self.token["server"][self.connections % len(self.token["server"])])
        self.connections += 1
        self.session, self.heartbeat, self.heard, self.next_beat = 0, 1.0, time.monotonic(), 0.0

    def send(self, name, body):
        if self.session or name == "hello":  # what happens without a session is sent after the welcome
            self.socket.send_multipart([name.encode(), msgpack.packb({**body, "v": 1, "session": self.session})])

    def beat(self, probe=0):
        """Each heartbeat; without a session after 1, 2, 4, 4 … seconds."""
        self.number += 1
        held, free = ([self.build.claim], 0) if self.build else ([], 1)
        if self.session:
            self.send("heartbeat", {"free_slots": free, "held": held, "number": self.number, "probe": probe})
            if self.build and not self.build.id:
                self.send("accept", {"claim": self.build.claim})
        else:
            facts = {"host": platform.node(), "system": platform.system(), "numcpus": str(os.cpu_count())}
            self.send("hello", {"protocol": 2, "instance": self.instance, "number": self.number, "held": held,
                                "info": {"v": 1, "name": self.token["name"], "version": "worker.py", "facts": facts}})
            self.heartbeat = min(2 * self.heartbeat, 4.0)

    def ready(self):
        self.send("ready", {"free_slots": 0 if self.build else 1})

    def forget(self):
        self.build.kill()
        self.build = None
        self.ready()

    def on_message(self, name, m):
        self.heard = time.monotonic()
        ours = self.build and m.get("claim") == self.build.claim
        if name == "welcome" and m["instance"] == self.instance:
            self.session, self.heartbeat, self.next_beat = m["session"], m["heartbeat_ms"] / 1000, 0.0
            for held in m["held"]:
                self.on_held(held)
            self.ready()
            print(f"connected as {m['name']}", flush=True)
        elif name == "rehello" and m["session"] in (0, self.session):
            self.session, self.heartbeat, self.next_beat = 0, 1.0, 0.0
            if m["superseded"]:  # another process has this key: do not fight for it
                print(f"sent away: {m['reason']}", flush=True)
                self.heard = self.next_beat = time.monotonic() + 30
        elif name == "probe" and m["session"] == self.session:
            self.beat(m["number"])
        elif name == "offer" and m["session"] == self.session:
            self.on_offer(m["claim"], msgpack.unpackb(m["plan"], strict_map_key=False))  # decode_rc: integers
        elif name == "accepted" and ours:
            self.build.start(m["build"], m["number"])
        elif name == "reported" and ours:
            self.build.acknowledged(m["sequence"], m["logs"])
            if m["finished"]:
                print(f"build {self.build.id} is done", flush=True)
                self.forget()
        elif name == "fenced" and ours:
            self.forget()
        elif name == "heartbeat_reply" and m["session"] == self.session:
            for wanted in m["wanted"]:
                if self.build and wanted["claim"] == self.build.claim:
                    if wanted["fenced"]:
                        self.forget()
                    elif wanted["cancel"]:
                        self.build.cancel()

    def on_held(self, held):
        """Where the server stands with the build that the hello named."""
        if not held["keep"]:
            return self.forget()
        if held["running"]:
            self.build.acknowledged(held["acked"], held["logs"])
            for report in self.build.kept:
                self.send("report", report)
            self.build.start(held["build"], held["number"])  # if `accepted` was lost
        if held["cancel"]:
            self.build.cancel()

    def on_offer(self, claim, plan):
        if self.build and self.build.claim != claim:
            self.send("refuse", {"claim": claim, "reason": "this worker has a build already"})
        elif any(s["kind"] != "command" or must_be_rendered(s) or any(s[k] for k in NOT_HERE) for s in plan["steps"]):
            self.send("refuse", {"claim": claim, "reason": "this worker runs only plain shell steps"})
        elif plan["isolation"]["mode"] != "none" and not plan["isolation"]["preferred"]:
            self.send("refuse", {"claim": claim, "reason": "this worker does not isolate steps"})
        else:
            self.build = self.build or Build(self, claim, plan)
            self.send("accept", {"claim": claim})

    def run(self):
        while True:
            if time.monotonic() >= self.heard + 2.5 * self.heartbeat:  # silence
                self.connect()
            if time.monotonic() >= self.next_beat:
                self.next_beat = time.monotonic() + self.heartbeat
                self.beat()
            pipe = self.build and len(self.build.kept) < UNACKNOWLEDGED and self.build.pipe
            poller = zmq.Poller()
            poller.register(self.socket, zmq.POLLIN)
            if pipe:
                poller.register(pipe, zmq.POLLIN)
            for source, _ in poller.poll(200 if pipe or not self.build else 10):
                if source is not self.socket:
                    self.build.read()
            while self.socket.poll(0):
                name, body = self.socket.recv_multipart()
                self.on_message(name.decode(), msgpack.unpackb(body))
            if self.build:
                self.build.on_time()


if __name__ == "__main__":
    worker = Worker(sys.argv[1], sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        worker.run()
    finally:
        if worker.build:
            worker.build.kill()
        worker.send("goodbye", {"reason": "stopped"})
        worker.socket.close(linger=1000)
