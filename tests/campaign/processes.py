# SPDX-License-Identifier: Apache-2.0
"""Processes that are started again when they have been killed, as a supervisor of the system would do, and that are
remembered when they have ended by themselves."""

import os
import signal
import subprocess
import threading
import time

now = time.monotonic


class Process:
    def __init__(self, name, argv, env, log):
        self.name, self.argv, self.env, self.log = name, argv, env, log
        self.running = None      # a Popen
        self.killed = False      # this life: by the campaign
        self.start_at = 0.0

    def signal(self, number):
        if self.running and self.running.poll() is None:
            os.kill(self.running.pid, number)

    def start(self):
        with open(self.log, "ab") as log:
            self.running = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        self.killed = False


class Supervisor:
    def __init__(self, folder):
        self.folder = folder
        self.processes = {}
        self.ended = []  # (seconds, name, exit code) of those that nobody killed
        self.lock = threading.Lock()
        self.going = True
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def start(self, name, argv, env):
        process = Process(name, argv, env, os.path.join(self.folder, name + ".log"))
        with self.lock:
            process.start()
            self.processes[name] = process

    def kill(self, name, down):
        """kill -9; it comes back after `down` seconds."""
        with self.lock:
            process = self.processes[name]
            process.killed, process.start_at = True, now() + down
            process.signal(signal.SIGKILL)

    def freeze(self, name):
        with self.lock:
            self.processes[name].signal(signal.SIGSTOP)

    def thaw(self, name):
        with self.lock:
            self.processes[name].signal(signal.SIGCONT)

    def _watch(self):
        while self.going:
            with self.lock:
                for process in self.processes.values():
                    self._look_at(process)
            time.sleep(0.05)

    def _look_at(self, process):
        if process.running.poll() is None:
            return
        if not process.killed:
            self.ended.append((now(), process.name, process.running.returncode))
            process.killed, process.start_at = True, now() + 1
        if now() >= process.start_at:
            process.start()

    def stop(self):
        """Ends all: those that were started last first, Redis last."""
        self.going = False
        self.thread.join(10)
        for process in reversed(self.processes.values()):
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
            try:
                process.running.wait(20)
            except subprocess.TimeoutExpired:
                process.signal(signal.SIGKILL)
                process.running.wait(10)
