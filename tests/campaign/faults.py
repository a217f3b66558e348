# SPDX-License-Identifier: Apache-2.0
"""Which faults there are, when they come (the seed decides), and what each of them excuses."""

import random
import threading
import time
from dataclasses import dataclass

from deployment import LEASE_S, PAIRS, WORKERS
from processes import now

SERVICES = ["bus"] + [name + i for name in PAIRS for i in "12"]
SHORT = (0.3, LEASE_S * 0.35)         # what no lease may notice
LONG = (LEASE_S * 1.4, LEASE_S * 2)   # what ends every lease
# Kind, and how often it comes in proportion to the others.
KINDS = {"kill service": 5, "kill worker": 2, "kill redis": 1, "freeze service": 3, "freeze worker": 2,
         "freeze worker for long": 1, "freeze redis": 1, "cut worker": 3, "stall worker": 2, "stall worker for long": 1,
         "slow worker": 2, "cut redis": 3, "stall redis": 2, "slow redis": 2, "apply": 2, "cancel": 4}


@dataclass
class Fault:
    at: float       # seconds from the beginning
    kind: str
    target: str
    seconds: float  # how long it lasts; of a kill how long the process is away
    pick: float     # 0 … 1, for what is chosen only when it happens


def plan(seed, minutes, without=()):
    """The same list for the same arguments."""
    dice = random.Random(seed)
    faults, at, end = [], 5.0, minutes * 60 - 2
    while at < end:
        kind = dice.choices(list(KINDS), [0 if kind in without else often for kind, often in KINDS.items()])[0]
        target = ""
        if "worker" in kind:
            target = dice.choice(WORKERS)
        elif "service" in kind or kind in ("cut redis", "stall redis", "slow redis"):
            target = dice.choice(SERVICES)
        low, high = LONG if "for long" in kind else (0.2, 2) if "kill" in kind else SHORT
        faults.append(Fault(at, kind, target, dice.uniform(low, high), dice.random()))
        at += dice.uniform(0.5, 4)
    return faults


class Excuses:
    """When something was done to a worker after which the loss of its builds is right, and when its process stood still."""

    def __init__(self):
        self.lost, self.lock = [], threading.Lock()  # (worker, from, to) in seconds since the epoch

    def add(self, worker, seconds):
        with self.lock:
            self.lost.append((worker, time.time() - 1, time.time() + seconds + LEASE_S + 5))

    def cover(self, worker, begin, end):
        with self.lock:
            return any(w == worker and a <= end and b >= begin for w, a, b in self.lost)


class Player:
    """Does what a plan says. Undoes it in time on a thread of its own, because a command may wait for what stands still."""

    def __init__(self, deployment, report_port, say):
        self.deployment, self.report_port, self.say = deployment, report_port, say
        self.excuses = Excuses()
        self.undo = []        # (when, what)
        self.done = {}        # kind → how often
        self.cancelled = set()  # requests that the campaign has cancelled
        self.variant = 0
        self.lock, self.going = threading.Lock(), True
        self.thread = threading.Thread(target=self._undo, daemon=True)
        self.thread.start()

    def _undo(self):
        while self.going or self.undo:
            with self.lock:
                due = [item for item in self.undo if item[0] <= now() or not self.going]
                self.undo = [item for item in self.undo if item not in due]
            for _, what in due:
                what()
            time.sleep(0.05)

    def finish(self):
        """Undoes all that is left."""
        self.going = False
        self.thread.join(10)

    def play(self, fault):
        self.say(f"{fault.at:6.1f} {fault.kind} {fault.target} {fault.seconds:.1f} s")
        self.done[fault.kind] = self.done.get(fault.kind, 0) + 1
        verb, _, rest = fault.kind.partition(" ")
        getattr(self, verb)(fault, rest)

    def later(self, fault, what):
        with self.lock:
            self.undo.append((now() + fault.seconds, what))

    def kill(self, fault, rest):
        if rest == "worker":
            self.excuses.add(fault.target, fault.seconds)
        self.deployment.supervisor.kill(fault.target or "redis", fault.seconds)

    def freeze(self, fault, rest):
        name = fault.target or "redis"
        if rest.endswith("for long"):
            self.excuses.add(name, fault.seconds)
        self.deployment.supervisor.freeze(name)
        self.later(fault, lambda: self.deployment.supervisor.thaw(name))

    def _lines(self, fault, rest):
        if not rest.startswith("worker"):
            return [self.deployment.redis_lines[fault.target]]
        lines = self.deployment.worker_lines[fault.target]
        # Both ways of a worker stand still together, or the worker goes the other one.
        return lines if "for long" in rest else [lines[int(fault.pick * 2)]]

    def cut(self, fault, rest):
        for line in self._lines(fault, rest):
            self.deployment.lines.cut(line)

    def stall(self, fault, rest):
        if rest.endswith("for long"):
            self.excuses.add(fault.target, fault.seconds)
        for line in self._lines(fault, rest):
            self.deployment.lines.stall(line)
            self.later(fault, lambda line=line: self.deployment.lines.heal(line))

    def slow(self, fault, rest):
        for line in self._lines(fault, rest):
            self.deployment.lines.slow(line, 0.02 + fault.pick * 0.3)
            self.later(fault, lambda line=line: self.deployment.lines.heal(line))

    def apply(self, fault, _):
        self.variant += 1
        try:
            self.deployment.apply(self.report_port, self.variant)
        except OSError as error:  # Redis may be away just now
            self.say(f"       apply: {error}")

    def cancel(self, fault, _):
        """Stops one of the open requests. What is tried may have been done, whatever the answer was."""
        try:
            waiting = self.deployment.get("1", "buildrequests?complete=false&order=buildrequestid&limit=200")["buildrequests"]
            if not waiting:
                return
            request = waiting[int(fault.pick * len(waiting))]["buildrequestid"]
            self.cancelled.add(request)
            self.deployment.command("stop", "--request", str(request), "--reason", "campaign")
        except (OSError, ValueError) as error:
            self.say(f"       cancel: {error}")
