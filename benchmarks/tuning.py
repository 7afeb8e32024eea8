"""The study of tunings: which weights should move where labels are few, and is it the choice of them that matters?

    python benchmarks/tuning.py screen     learning rates by equal trials, and the parts of fish-dip; on dev
    python benchmarks/tuning.py confirm    the contrasts of tuning.toml on fresh seeds, on test
    python benchmarks/tuning.py report     tables of what is there into docs/tuning.md

Each step says how many runs it has and how long they should take before the first one starts.
"""

from arms import run
from study import start

if __name__ == "__main__":
    start(lambda: run("tuning", __doc__))
