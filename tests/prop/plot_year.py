#!/usr/bin/python3
"""Draws what keeping_year_test prints, read from standard input, as SVG to standard output: docs/keeping-year.svg is made by

METAMORI_TEST_SCALE=10 build/dev/tests/keeping_year_test | tests/prop/plot_year.py > docs/keeping-year.svg
"""

import re
import sys

WIDTH, HEIGHT, LEFT, TOP, GAP = 620, 150, 70, 40, 70
PANELS = (("files in the repository", 1, 1), ("MB in the repository", 2, 1e6))
DAY = re.compile(r"day (\d+): (\d+) files, (\d+) bytes")


def round_up(value):
    """The next number of the form 1, 2 or 5 times a power of ten."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= value:
                return factor * step
        step *= 10


def panel(rows, title, column, unit, top):
    high, days = round_up(max(row[column] for row in rows) / unit), rows[-1][0]
    x = lambda day: LEFT + WIDTH * day / days
    y = lambda value: top + HEIGHT * (1 - value / unit / high)
    parts = [f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{title}</text>']
    for share in range(6):
        level = top + HEIGHT * (1 - share / 5)
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{level}" y2="{level}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{level + 4}" text-anchor="end">{high * share / 5:g}</text>')
    for day in range(0, days + 1, 60):
        parts.append(f'<text x="{x(day):.1f}" y="{top + HEIGHT + 18}" text-anchor="middle">day {day}</text>')
    points = " ".join(f"{x(row[0]):.1f},{y(row[column]):.1f}" for row in rows)
    parts.append(f'<polyline points="{points}" fill="none" stroke="#d1495b" stroke-width="2"/>')
    return parts


def main():
    rows = [tuple(int(value) for value in found) for found in DAY.findall(sys.stdin.read())]
    if len(rows) < 2:
        sys.exit("plot_year: no days on standard input")
    width, height = LEFT + WIDTH + 30, TOP + len(PANELS) * (HEIGHT + GAP)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12">')
    print('<rect width="100%" height="100%" fill="white"/>')
    for index, (title, column, unit) in enumerate(PANELS):
        print("\n".join(panel(rows, title, column, unit, TOP + index * (HEIGHT + GAP))))
    print("</svg>")


if __name__ == "__main__":
    main()
