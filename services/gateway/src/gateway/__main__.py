"""python -m gateway {all|api|worker|migrate}"""

from pathlib import Path

from deskstream_chassis.run.main import main

if __name__ == "__main__":
    main("gateway", Path(__file__).parents[2], "gateway")
