"""`python -m desk`: what the `desk` script in the root runs."""

from desk.cli import main

if __name__ == "__main__":
    main()
