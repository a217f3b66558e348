# SPDX-License-Identifier: Apache-2.0
"""What must hold when a campaign is over: read from REST of both webs, from the file that the steps wrote, and from what the
campaign itself knows. Each violation is one line of text."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from deployment import BRANCHES

SUCCESS, RETRY, CANCELLED = 0, 5, 6
SLACK_S = 1.0  # between two lines of one step, and the time until a step that was let go on is killed


@dataclass
class Execution:
    builder: str
    number: int
    revision: str
    worker: str
    step: str
    begin: float
    last: float = 0.0  # when it was last known to live


def executions(path):
    out = {}
    with open(path) as file:
        for line in file:
            when, _, builder, number, revision, worker, step, pid = line.split()
            one = out.setdefault((builder, number, step, worker, pid),
                                 Execution(builder, int(number), revision, worker, step, float(when)))
            one.last = float(when)
    return list(out.values())


class State:
    """What one web says."""

    def __init__(self, deployment, web):
        rows = lambda kind, key: deployment.rows(web, kind, key)
        self.builds = rows("builds", "buildid")
        self.requests = rows("buildrequests", "buildrequestid")
        self.buildsets = rows("buildsets", "bsid")
        self.changes = rows("changes", "changeid")
        self.builders = {b["builderid"]: b["name"] for b in rows("builders", "builderid")}
        self.workers = {w["workerid"]: w["name"] for w in rows("workers", "workerid")}
        revision = {s["bsid"]: s["sourcestamps"][0]["revision"] for s in self.buildsets}
        self.of_revision = defaultdict(list)  # (builder, revision) → requests
        for request in self.requests:
            self.of_revision[self.builders[request["builderid"]], revision[request["buildsetid"]]].append(request)

    def done(self, accepted):
        """Whether all that was accepted has come to its end."""
        return (all(r["complete"] for r in self.requests) and all(b["complete"] for b in self.builds)
                and all((builder, revision) in self.of_revision
                        for revision, branch in accepted.items() for builder in BRANCHES[branch]))

    def differs(self, other):
        for kind in ("builds", "requests", "buildsets", "changes"):
            if getattr(self, kind) != getattr(other, kind):
                return kind
        return ""


def lost(state, accepted, cancelled):
    """Every change that was answered is built, or was cancelled by the campaign."""
    for revision, branch in accepted.items():
        for builder in BRANCHES[branch]:
            requests = state.of_revision.get((builder, revision), [])
            if not requests:
                yield f"lost: {revision} was answered, and {builder} has no request for it"
            elif len(requests) > 1:
                yield f"twice: {builder} has {len(requests)} requests for {revision}"
            elif not requests[0]["complete"]:
                yield f"stuck: request {requests[0]['buildrequestid']} of {builder} for {revision} is still open"
            elif requests[0]["results"] != SUCCESS and requests[0]["buildrequestid"] not in cancelled:
                yield f"failed: request {requests[0]['buildrequestid']} of {builder} ended with {requests[0]['results']}"


def lost_without_reason(state, excuses, cancelled):
    """A build is RETRY only when something was done to its worker, and CANCELLED only by the campaign."""
    for build in state.builds:
        worker, end = state.workers.get(build["workerid"], "?"), build["complete_at"] or 0
        name = f"build {build['buildid']} ({state.builders[build['builderid']]}#{build['number']}) on {worker}"
        if build["results"] == RETRY and not excuses.cover(worker, build["started_at"], end):
            yield f"retry: {name}, {build['started_at']} to {end}: its worker lived"
        elif build["results"] not in (SUCCESS, RETRY) and build["buildrequestid"] not in cancelled:
            yield f"failed: {name} ended with {build['results']}: {build['state_string']}"


def run_twice(state, steps):
    """No two executions of one request at a time, none after its success, no step twice in a build."""
    success = {(state.builders[b["builderid"]], b["number"]) for b in state.builds if b["results"] == SUCCESS}
    for (builder, number, step), count in Counter((e.builder, e.number, e.step) for e in steps).items():
        if count > 1:
            yield f"twice: step {step} of {builder}#{number} was run {count} times"
    of_request = defaultdict(list)
    for one in sorted(steps, key=lambda e: e.begin):
        of_request[one.builder, one.revision].append(one)
    for (builder, revision), runs in of_request.items():
        for at, one in enumerate(runs):
            for later in runs[at + 1:]:
                if later.number == one.number:
                    continue
                if later.begin < one.last - SLACK_S:
                    yield (f"overlap: {builder} {revision}: #{one.number} {one.step} on {one.worker} lived until {one.last:.1f}, "
                           f"#{later.number} {later.step} on {later.worker} began at {later.begin:.1f}")
                elif (builder, one.number) in success:
                    yield f"after success: {builder} {revision}: #{later.number} {later.step} began after #{one.number} had succeeded"
