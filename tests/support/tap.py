"""A test script of several parts, each told of by itself: a part that can't be run here is listed by name."""

import os
import pathlib
import sys
import traceback


class Skip(Exception):
    """Why a part can't be run here."""


def tell_count(name, value):
    """How much a large test looked at; tests/floors holds the least for each profile."""
    print(f"count: {name} {value}", flush=True)


def leave_report(name, lines):
    """Leaves the lines as <name>.tap where the summary looks, if there is such a place."""
    if reports := os.environ.get("METAMORI_TEST_REPORTS"):
        (pathlib.Path(reports) / f"{name}.tap").write_text("\n".join([f"1..{len(lines)}", *lines, ""]))


class Parts:
    """`name` is the test's in CTest; what is told goes to standard output and, as <name>.tap, to where the summary looks."""

    def __init__(self, name):
        self.name, self.lines, self.failed = name, [], 0

    def run(self, name, part, *arguments, count=None):
        """Runs `part`. Its result, if any, is how much it looked at, told as `count` if that is given."""
        try:
            value = part(*arguments)
            self.tell(f"ok {len(self.lines) + 1} - {name}")
            if count:
                tell_count(count, value)
        except Skip as reason:
            self.tell(f"ok {len(self.lines) + 1} - {name} # SKIP {reason}")
        except Exception as error:
            self.failed += 1
            self.tell(f"not ok {len(self.lines) + 1} - {name}")
            print("".join(traceback.format_exception(error)) if not str(error) else f"{type(error).__name__}: {error}", flush=True)

    def skip(self, name, reason):
        """A part that was found to be impossible in the middle of another."""
        self.tell(f"ok {len(self.lines) + 1} - {name} # SKIP {reason}")

    def tell(self, line):
        self.lines.append(line)
        print(line, flush=True)

    def end(self):
        """Ends the process."""
        leave_report(self.name, self.lines)
        sys.exit(1 if self.failed or not self.lines else 0)
