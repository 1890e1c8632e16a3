"""Draws medians as bars, in SVG: one group a row of the table, the time on a logarithmic axis, a thin line from the fastest to the slowest repetition."""

import math
from xml.sax.saxutils import escape

COLOURS = {
    "metamori": "#d1495b",
    "borg": "#30638e",
    "borg-none": "#6f9ac1",
    "borg-64k": "#a9c4dd",
    "restic": "#edae49",
    "git": "#66a182",
    "rsync": "#8d6a9f",
    "cp": "#8d8d8d",
}
OTHER_COLOUR = "#444444"
LABEL_WIDTH, PLOT_WIDTH, VALUE_WIDTH, MARGIN = 330, 560, 90, 16
BAR, GAP, HEADING = 11, 9, 26


class Axis:
    """Seconds to pixels, by powers of ten."""

    def __init__(self, seconds):
        self.low = math.floor(math.log10(min(seconds)))
        self.high = max(math.ceil(math.log10(max(seconds))), self.low + 1)

    def at(self, seconds):
        return LABEL_WIDTH + PLOT_WIDTH * (math.log10(seconds) - self.low) / (self.high - self.low)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def text(x, y, words, **attributes):
    written = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{written}>{escape(words)}</text>'


def legend(names, y):
    parts, x = [], LABEL_WIDTH
    for name in names:
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS.get(name, OTHER_COLOUR)}"/>')
        parts.append(text(x + 14, y, name))
        x += 26 + 7 * len(name)
    return parts


def bars(axis, per_tool, names, y):
    parts = []
    for name in names:
        runs = sorted(sample["seconds"] for sample in per_tool.get(name, ()))
        if not runs:
            continue
        middle = (runs[(len(runs) - 1) // 2] + runs[len(runs) // 2]) / 2
        end = axis.at(middle)
        parts.append(f'<rect x="{LABEL_WIDTH}" y="{y}" width="{max(1.0, end - LABEL_WIDTH):.1f}" height="{BAR - 1}" fill="{COLOURS.get(name, OTHER_COLOUR)}"/>')
        if len(runs) > 1:
            parts.append(f'<line x1="{axis.at(runs[0]):.1f}" x2="{axis.at(runs[-1]):.1f}" y1="{y + BAR / 2 - 0.5}" y2="{y + BAR / 2 - 0.5}" stroke="#222"/>')
        parts.append(text(max(end, axis.at(runs[-1])) + 4, y + BAR - 2, f"{middle:.3g} s", font_size=10))
        y += BAR
    return parts, y


def draw(samples, names, titles):
    """`samples`: [workload][row][tool] = a list with one dict a repetition. Returns the file's text."""
    seconds = [sample["seconds"] for rows in samples.values() for per_tool in rows.values() for runs in per_tool.values() for sample in runs]
    axis = Axis([max(value, 1e-3) for value in seconds] or [1])
    parts, y = [], MARGIN + 10
    parts += legend(names, y)
    top = y = y + 14
    for workload, rows in samples.items():
        y += HEADING
        parts.append(text(MARGIN, y - 8, f"{workload}: {titles[workload]}", font_weight="bold"))
        for row, per_tool in rows.items():
            drawn, end = bars(axis, per_tool, names, y)
            parts += [*drawn, text(LABEL_WIDTH - 8, (y + end) / 2 + 4, row, text_anchor="end")]
            y = end + GAP
    grid = []
    for tick in axis.ticks():
        grid.append(f'<line x1="{axis.at(tick):.1f}" x2="{axis.at(tick):.1f}" y1="{top}" y2="{y}" stroke="#ddd"/>')
        grid.append(text(axis.at(tick), y + 14, f"{tick:g} s", text_anchor="middle", font_size=10))
    width, height = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH, y + 14 + MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *grid, *parts, "</svg>"]) + "\n"
