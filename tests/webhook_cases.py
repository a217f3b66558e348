#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the web-hook cases of a directory against real systems, one `headrace up` a profile.

usage: webhook_cases.py --bin BUILD/bin --cases DIR

DIR holds run-webhooks and webhooks/<dialect>/*.json with webhooks/profiles.json, which says the hook options
of each profile. Only the dialects that exist here are run.
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile

DIALECTS = ('github', 'gitlab', 'base')
UP_LIMIT_S = 60


def lua(value):
    if value is None:
        return 'nil'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + ''.join(chr(b) if 31 < b < 127 and b not in b'"\\' else '\\%03d' % b for b in value.encode()) + '"'
    if isinstance(value, list):
        return '{ ' + ', '.join(lua(v) for v in value) + ' }'
    return '{ ' + ', '.join('[%s] = %s' % (lua(k), lua(v)) for k, v in value.items()) + ' }'


def configuration(dialects, github_api):
    out = ''
    for dialect, options in dialects.items():
        if dialect in DIALECTS:
            options = {k: github_api if v == '{github_api}' else v for k, v in options.items()}
            out += 'hook.%s { %s }\n' % (dialect, ', '.join('%s = %s' % (k, lua(v)) for k, v in options.items()))
    return out


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Up:
    def __init__(self, binaries, folder, text):
        self.data = os.path.join(folder, 'data')
        config = os.path.join(folder, 'headrace.lua')
        with open(config, 'w') as f:
            f.write(text)
        words = [os.path.join(binaries, 'headrace'), 'up', config, '--data', self.data]
        for option in ('--web', '--intake'):
            words += [option, '127.0.0.1:0']
        for option in ('--workers', '--bus'):
            words += [option, 'tcp://127.0.0.1:0']
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        signal.alarm(UP_LIMIT_S)
        for line in self.process.stdout:
            if line == 'headrace is up\n':
                break
        else:
            raise SystemExit('headrace up ended with status %d' % self.process.wait())
        signal.alarm(0)
        with open(os.path.join(self.data, 'run', 'control')) as f:
            self.control = json.load(f)

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', required=True, help='where the programs are')
    parser.add_argument('--cases', required=True, help='directory with run-webhooks and webhooks/')
    args = parser.parse_args()
    webhooks = os.path.join(args.cases, 'webhooks')
    with open(os.path.join(webhooks, 'profiles.json')) as f:
        profiles = json.load(f)
    failed = []
    for name, profile in profiles.items():
        if not any(d in DIALECTS for d in profile['dialects']):
            continue
        with tempfile.TemporaryDirectory(prefix='hr-cases-') as folder:
            chosen = os.path.join(folder, 'webhooks')
            os.mkdir(chosen)
            for dialect in DIALECTS:
                os.symlink(os.path.join(webhooks, dialect), os.path.join(chosen, dialect))
            port = free_port()
            up = Up(args.bin, folder, configuration(profile['dialects'], 'http://127.0.0.1:%d' % port))
            try:
                done = subprocess.run([sys.executable, os.path.join(args.cases, 'run-webhooks'), '--profile', name, '--cases', chosen,
                                       '--intake', up.control['intake'], '--api', up.control['web'], '--github-api-port', str(port)],
                                      stdout=subprocess.PIPE, text=True)
            finally:
                stopped = up.stop()
            lines = done.stdout.splitlines()
            for line in lines[:-1]:
                if not line.startswith('pass '):
                    print(line)
            print('profile %s: %s' % (name, lines[-1] if lines else 'no answer'), flush=True)
            if done.returncode or stopped:
                failed.append(name)
    if failed:
        print('web-hook cases failed in: ' + ', '.join(failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
