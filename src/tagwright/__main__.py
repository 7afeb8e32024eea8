"""python -m tagwright: the command line, also for `accelerate launch -m tagwright train ...`."""

from tagwright.cli.main import main

if __name__ == "__main__":
    main()
