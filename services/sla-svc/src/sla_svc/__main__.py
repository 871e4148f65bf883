"""python -m sla_svc {all|api|worker|migrate}"""

from pathlib import Path

from deskstream_chassis.run.main import main

if __name__ == "__main__":
    main("sla-svc", Path(__file__).parents[2], "sla_svc")
