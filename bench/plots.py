# SPDX-License-Identifier: Apache-2.0
"""Pictures beside the results, each as SVG and as PNG: gnuplot draws them."""

import shutil
import subprocess

import harness
from harness import Unavailable

DRAWN = []  # by this run
HEAD = """
set terminal {terminal} size 800,{height} background "white"
set output "{output}"
set title "{title}"
set grid
set linetype 1 linecolor rgb "#1b6ca8"
set linetype 2 linecolor rgb "#7d5ba6"
set linetype 3 linecolor rgb "#c0392b"
set linetype 4 linecolor rgb "#2e8b57"
set linetype 5 linecolor rgb "#d98200"
set linetype 6 linecolor rgb "#5d6d7e"
"""
BARS = """
set yrange [0:*]
set style fill solid 0.6
set boxwidth 0.6
set xrange [-0.6:{count}-0.4]
set offsets 0, 0, graph 0.1, 0
set ylabel "{unit}"
set xtics ({tics})
unset key
plot "{data}" using 1:2 with boxes notitle, "" using 1:2:3:4 with yerrorbars linecolor "black" notitle, \
    "" using 1:2:(sprintf("%.2f", $2)) with labels offset 3.5,0.7 notitle
"""
LOAD_TICS = "(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)"
PLAIN_TICS = "(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)"
BY_SIZE = """
set logscale y
set ytics {ytics}
set xrange [-0.4:{count}-0.6]
set xtics ({tics})
set xlabel "bytes of a frame, with its FCS"
set ylabel "{unit}"
set bmargin {margin}
set key below
plot {curves}
"""
CURVES = """
set xlabel "{x}"
set ylabel "{y}"
set xtics {xtics}
set ytics {ytics}
set offsets graph 0.03, graph 0.03, 0, 0
set bmargin {margin}
set key below
{more}
plot {curves}
"""
LOSS_AXIS = """
set logscale xy
set yrange [0.00007:150]
set ytics ("none" 0.0001, "0.001 %%" 0.001, "0.01 %%" 0.01, "0.1 %%" 0.1, "1 %%" 1, "10 %%" 10, "100 %%" 100)
"""
STACKED = """
set xlabel "{unit}"
set yrange [-0.7:{count}-0.3]
set ytics ({tics})
set xrange [0:*]
set style fill solid 0.6 border
set bmargin {margin}
set key below
plot {parts}
"""
MARGIN, TALL = 7, 560  # room for a key of two lines below the axis
NARROW = 0.05  # of the longest bar: no room for a figure inside


def draw(name, title, commands, height=500):
    if not shutil.which("gnuplot"):
        raise Unavailable("gnuplot is not installed (package gnuplot-nox)")
    for terminal, suffix in (("svg", "svg"), ("pngcairo", "png")):
        output = harness.results_path().with_name(f"{name}.{suffix}")
        script = HEAD.format(terminal=terminal, output=output, title=title, height=height) + commands
        done = subprocess.run(["gnuplot"], input=script, text=True, check=False, capture_output=True)
        if done.returncode or not output.exists():
            raise Unavailable(f"gnuplot: {done.stderr.strip()[-300:]}")
    DRAWN.append(name)


def data(name, rows):
    """A file of numbers, a row a line."""
    path = harness.results_path().with_name(f"{name}.data")
    path.write_text("".join(" ".join(str(number) for number in row) + "\n" for row in rows))
    return path


def bars(name, title, unit, samples):
    """samples: by what they are called; a bar is the median, the line over it from least to most."""
    rows = [(place, harness.median(values), min(values), max(values)) for place, values in enumerate(samples.values())]
    tics = ", ".join(f'"{called}" {place}' for place, called in enumerate(samples))
    draw(name, title, BARS.format(count=len(rows), unit=unit, tics=tics, data=data(name, rows)))


def by_size(name, title, unit, sizes, lines):
    """lines: by what they are called, a colour's number, and (median, least, most) for each of `sizes`; a size that is no
    number stands apart."""
    places = [place + (0 if size.isdigit() else 0.4) for place, size in enumerate(sizes)]
    tics = ", ".join(f'"{size}" {place}' for place, size in zip(places, sizes))
    curves = []
    for number, (called, (colour, values)) in enumerate(lines.items()):
        path = harness.results_path().with_name(f"{name}-{number}.data")
        rows = [f"{place} {' '.join(map(str, value))}\n" for place, value in zip(places, values)]
        path.write_text("".join(row if size.isdigit() else "\n" + row for size, row in zip(sizes, rows)))
        curves.append(f'"{path}" using 1:2:3:4 with yerrorlines linewidth 2 linecolor {colour} '
                      f'pointtype {colour + 3} title "{called}"')
    draw(name, title, BY_SIZE.format(count=len(sizes) + 0.4, tics=tics, unit=unit, ytics=LOAD_TICS, margin=MARGIN,
                                       curves=", ".join(curves)), TALL)


def curves(name, title, x, y, series, more=""):
    """series: by what they are called, a colour's number, a style ("lines" or "dashed"), and points (x, y)."""
    drawn = []
    for number, (called, (colour, style, points)) in enumerate(series.items()):
        drawn.append(f'"{data(f"{name}-{number}", sorted(points))}" using 1:2 with linespoints linewidth 2 linecolor {colour} '
                     f'dashtype {1 if style == "lines" else 2} pointtype {colour + 3} title "{called}"')
    draw(name, title, CURVES.format(x=x, y=y, xtics=LOAD_TICS, ytics=PLAIN_TICS, more=more,
                                    margin=MARGIN + max(0, len(drawn) - 4) // 2, curves=", ".join(drawn)), TALL)


def stacked(name, title, unit, bars_of):
    """Lying bars, one under the other. bars_of: by what a bar is called, lengths by part; all have the same parts."""
    longest = max(sum(parts.values()) for parts in bars_of.values())
    plotted = []
    for number, part in enumerate(next(iter(bars_of.values()))):
        rows = []
        for place, parts in enumerate(reversed(bars_of.values())):
            length, start = parts[part], sum(list(parts.values())[:number])
            rows.append((start, start + length, place, f'"{length:.1f}"' if length > NARROW * longest else '""'))
        path = data(f"{name}-{number}", rows)
        plotted.append(f'"{path}" using (($1+$2)/2):3:1:2:($3-0.3):($3+0.3) with boxxyerror linecolor {number + 1} title "{part}"')
        plotted.append(f'"{path}" using (($1+$2)/2):3:4 with labels notitle')
    tics = ", ".join(f'"{called}" {place}' for place, called in enumerate(reversed(bars_of)))
    draw(name, title, STACKED.format(unit=unit, count=len(bars_of), tics=tics, margin=MARGIN,
                                     parts=", ".join(plotted)))
