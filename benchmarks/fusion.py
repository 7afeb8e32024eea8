"""The study of fusion: is it worth anything that the head reads every layer, and is it the layers or the weights?

    python benchmarks/fusion.py screen     learning rates by equal trials, and dwatt's changes one by one; on dev
    python benchmarks/fusion.py confirm    the contrasts of fusion.toml on fresh seeds, on test
    python benchmarks/fusion.py report     tables of what is there into docs/fusion.md

Each step says how many runs it has and how long they should take before the first one starts.
"""

from arms import run
from study import start

if __name__ == "__main__":
    start(lambda: run("fusion", __doc__))
