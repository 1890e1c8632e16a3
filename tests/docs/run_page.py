#!/usr/bin/env python3
"""Runs what a page of the documentation shows, and compares: run_page.py PAGE --bin DIR... [--update].

Each page starts in an empty directory that it knows as /home/ada, with the DIRs first in PATH. A command that fails is an error unless the next
one looks at `$?`. With --update the page's output becomes what was found, which is for reading before it is committed.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import markdown_session
import shown_output

HOME = "/home/ada"
END_MARK = "metamori-page-command-ended"
COMMAND_SECONDS = 120


class Shell:
    """A bash that stays, in a new directory."""

    def __init__(self, top, directories):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="home.", dir=top))
        self.scripts = pathlib.Path(tempfile.mkdtemp(prefix="scripts.", dir=top))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("METAMORI_", "SLURM_", "GIT_"))}
        environment |= {"HOME": str(self.home), "PATH": os.pathsep.join([*directories, os.environ["PATH"]]), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PAGER": "cat"}
        environment |= {"METAMORI_AUTHOR": "Ada <ada@example.org>", "USER": "ada", "LOGNAME": "ada"}
        self.process = subprocess.Popen(
            ["timeout", str(COMMAND_SECONDS * 10), "bash", "--norc", "--noprofile"], cwd=self.home, env=environment, text=True, errors="replace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.count = 0
        self.run("umask 022")

    def shown(self, line):
        """The line as a page would show it: Ada's directory, and Ada as the owner in listings."""
        line = line.replace(str(self.home), HOME)
        return re.sub(r"^([-dlpcb][-rwxsStT]{9} +)\S+( +)\S+", r"\1ada\2ada", line)

    def run(self, text):
        """Output lines and exit status."""
        self.count += 1
        script = self.scripts / str(self.count)
        script.write_text(text + "\n")
        self.process.stdin.write(f"(exit ${{page_status:-0}}); . {script} </dev/null; page_status=$?; printf '\\n%s %s\\n' {END_MARK} $page_status\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line.startswith(END_MARK):
                if lines and lines[-1] == "":
                    lines.pop()  # the mark begins with a newline of its own
                return [self.shown(found) for found in lines], int(line.split()[1])
            lines.append(line)
        return lines + ["(the shell ended)"], 255

    def write(self, name, text):
        """A file beside what the shell's current directory is."""
        directory, status = self.run("pwd -P")
        path = pathlib.Path(directory[0].replace(HOME, str(self.home), 1), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Run:
    def __init__(self, page, directories, top):
        self.page, self.directories, self.top = page, directories, top
        self.lines = page.read_text().split("\n")
        self.shell, self.ids = None, shown_output.Ids()
        self.ran, self.files, self.not_run, self.failures, self.found = 0, 0, [], [], []

    def fail(self, step, why):
        self.failures.append(f"{self.page}:{step.line}: {why}")

    def fresh(self):
        if self.shell:
            self.shell.close()
        self.shell, self.ids = Shell(self.top, self.directories), shown_output.Ids()

    def command(self, step, may_fail):
        command = step.command
        real, status = self.shell.run(self.ids.in_command(command.text))
        self.ran += 1
        self.found.append((command, real))
        if status != 0 and not may_fail:
            self.fail(step, f"exit status {status}: {command.text}\n" + "\n".join(f"  | {line}" for line in real))
        elif command.expected is not None:
            at = shown_output.first_difference(command.expected, real, self.ids)
            if at is not None:
                shown = command.expected[at] if at < len(command.expected) else "(nothing more)"
                self.fail(step, f"$ {command.text}\n  shown, not found: {shown}\n" + "\n".join(f"  | {line}" for line in real))

    def all(self):
        steps = markdown_session.steps_of("\n".join(self.lines))
        self.fresh()
        for step, following in zip(steps, steps[1:] + [None]):
            if step.kind == "fresh":
                self.fresh()
            elif step.kind == "file":
                self.shell.write(step.name, step.text)
                self.files += 1
            elif step.kind == "not run":
                self.not_run.append(f"{self.page}:{step.line}: not run: {step.text}")
            else:
                self.command(step, following is not None and following.kind == "command" and "$?" in following.command.text)
        self.shell.close()

    def updated(self):
        """The page with what was found in place of what is shown."""
        lines = list(self.lines)
        for command, real in reversed(self.found):
            if command.expected is not None and "..." not in command.expected:
                lines[command.output_from : command.output_to] = real
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="runs what a page of the documentation shows, and compares")
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--bin", action="append", default=[], help="a directory to put first in PATH")
    parser.add_argument("--update", action="store_true", help="show in the page what was found")
    arguments = parser.parse_args()
    top = tempfile.mkdtemp(prefix="metamori-page.")
    try:
        run = Run(arguments.page, [os.path.abspath(directory) for directory in arguments.bin], top)
        run.all()
    finally:
        shutil.rmtree(top, ignore_errors=True)
    if arguments.update:
        arguments.page.write_text(run.updated())
    print(*run.not_run, *run.failures, sep="\n")
    print(f"{arguments.page.name}: {run.ran} commands run, {run.files} files, {len(run.not_run)} blocks only shown, {len(run.failures)} differences")
    return 1 if run.failures or run.ran == 0 else 0


sys.exit(main())
