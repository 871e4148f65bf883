from deskstream_chassis.migrations import run
from ticket_svc.persistence.tables import metadata

run(metadata)
