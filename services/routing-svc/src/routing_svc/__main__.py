"""python -m routing_svc {all|api|worker|migrate}"""

from pathlib import Path

from deskstream_chassis.run.main import main

if __name__ == "__main__":
    main("routing-svc", Path(__file__).parents[2], "routing_svc")
