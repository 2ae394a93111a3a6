# SPDX-License-Identifier: Apache-2.0
"""Where things are."""

import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build/xen"
