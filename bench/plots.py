# SPDX-License-Identifier: Apache-2.0
"""Pictures beside the results, each as SVG and as PNG: gnuplot draws them."""

import shutil
import subprocess

import harness
from harness import Unavailable

HEAD = """
set terminal {terminal} size 800,500
set output "{output}"
set title "{title}"
set grid
set yrange [0:*]
"""
BARS = """
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


def draw(name, title, commands):
    if not shutil.which("gnuplot"):
        raise Unavailable("gnuplot is not installed (package gnuplot-nox)")
    for terminal, suffix in (("svg", "svg"), ("pngcairo", "png")):
        output = harness.results_path().with_name(f"{name}.{suffix}")
        script = HEAD.format(terminal=terminal, output=output, title=title) + commands
        subprocess.run(["gnuplot"], input=script, text=True, check=True, capture_output=True)


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
