"""python -m ticket_svc {all|api|worker|migrate}"""

from pathlib import Path

from deskstream_chassis.run.main import main

if __name__ == "__main__":
    main("ticket-svc", Path(__file__).parents[2], "ticket_svc")
