# SPDX-License-Identifier: Apache-2.0
"""A campaign of faults on a real deployment, over and over: processes are killed and frozen, lines cut, stalled and slowed, the
configuration is changed and builds are cancelled while changes are posted. In the end nothing may be lost, run twice or tried
again without reason. The seed decides which faults come when. Prints one line, PASS or FAIL with counts."""

import argparse
import http.client
import http.server
import os
import random
import shutil
import sys
import tempfile
import threading
import time

from checks import State, executions, lost, lost_without_reason, run_twice
from deployment import BRANCHES, Deployment, wait_for
from faults import KINDS, Player, plan
from processes import now

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE_S = 90  # for one delivery that is repeated until it is answered
SETTLE_S = 150   # from the last fault until everything has come to its end


def read_arguments():
    parser = argparse.ArgumentParser(prog="tests/campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"), help="folder with the programs")
    parser.add_argument("--without", action="append", default=[], choices=KINDS, metavar="KIND",
                        help="leave out a kind of fault: " + ", ".join(KINDS))
    parser.add_argument("--loud", action="store_true", help="say every fault when it comes")
    parser.add_argument("--keep", action="store_true", help="keep the folder also when all is well")
    return parser.parse_args()


class Reports(http.server.BaseHTTPRequestHandler):
    """Takes what the notifiers send; counts each report once."""

    protocol_version = "HTTP/1.1"
    keys = set()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Reports.keys.add(self.headers.get("Idempotency-Key"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Poster:
    """Posts changes as a forge does: a delivery that is not answered is repeated, to one changesource or the other."""

    def __init__(self, deployment, seed):
        self.deployment, self.dice = deployment, random.Random(seed + 1)
        self.accepted, self.given_up = {}, []  # revision → branch
        self.going, self.count = True, 0
        self.threads = [threading.Thread(target=self._post, daemon=True) for _ in range(2)]
        self.lock = threading.Lock()
        for thread in self.threads:
            thread.start()

    def _next(self):
        with self.lock:
            self.count += 1
            branch = self.dice.choice(list(BRANCHES))
            return f"r{self.count:05d}", branch, self.dice.choice("12"), self.dice.uniform(0.5, 3)

    def _post(self):
        while self.going:
            revision, branch, first, pause = self._next()
            end, to = now() + PATIENCE_S, first
            while now() < end and not self.deployment.post(to, branch, revision):
                to = "21"["12".index(to)]
                time.sleep(0.3)
            if now() < end:
                self.accepted[revision] = branch
            else:
                self.given_up.append(revision)
            time.sleep(pause)

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(PATIENCE_S + 20)


def run_faults(deployment, player, faults):
    begin = now()
    for fault in faults:
        time.sleep(max(0.0, begin + fault.at - now()))
        player.play(fault)
    player.finish()


def settle(deployment, accepted):
    """Waits for the end of all that was accepted. @return what both webs say then, and what was not reached"""
    states = {}

    def settled():
        states.update({web: State(deployment, web) for web in "12"})
        return all(s.done(accepted) for s in states.values()) and not states["1"].differs(states["2"])

    try:
        wait_for("the end of everything", SETTLE_S, settled)
        return states, []
    except TimeoutError as error:
        if len(states) < 2:
            return states, [f"silent: {error}"]
        kind = states["1"].differs(states["2"])
        return states, [f"differs: the webs do not agree about {kind}"] if kind else [f"unfinished: {error}"]


def campaign(arguments, folder):
    say = (lambda text: print(text, flush=True)) if arguments.loud else (lambda text: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Reports)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    deployment = Deployment(os.path.abspath(arguments.bin), folder)
    try:
        deployment.start(server.server_port)
        player = Player(deployment, server.server_port, say)
        poster = Poster(deployment, arguments.seed)
        run_faults(deployment, player, plan(arguments.seed, arguments.minutes, arguments.without))
        poster.stop()
        states, violations = settle(deployment, poster.accepted)
        violations += [f"refused: {revision} was not taken in {PATIENCE_S} s" for revision in poster.given_up]
        violations += [f"ended: {name} ended by itself with {code}" for _, name, code in deployment.supervisor.ended]
        steps = executions(deployment.steps_file) if os.path.exists(deployment.steps_file) else []
        counts = {"changes": len(poster.accepted), "faults": sum(player.done.values()), "executions": len(steps)}
        if len(states) == 2:
            state = states["1"]
            violations += lost(state, poster.accepted, player.cancelled)
            violations += lost_without_reason(state, player.excuses, player.cancelled)
            violations += run_twice(state, steps)
            counts |= {"builds": len(state.builds), "retries": sum(b["results"] == 5 for b in state.builds),
                       "cancelled": sum(r["results"] == 6 for r in state.requests), "reports": len(Reports.keys)}
        return violations, counts
    finally:
        deployment.stop()
        server.shutdown()


def main():
    arguments = read_arguments()
    folder = tempfile.mkdtemp(prefix="headrace-campaign-")
    try:
        violations, counts = campaign(arguments, folder)
    except (OSError, TimeoutError, http.client.HTTPException) as error:
        violations, counts = [f"not run: {error}"], {}
    for text in violations[:40]:
        print(text)
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    verdict = "FAIL" if violations else "PASS"
    print(f"campaign --seed {arguments.seed} --minutes {arguments.minutes:g}: {told}: {len(violations)} violations: {verdict}")
    if violations or arguments.keep:
        print(f"its folder is {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
