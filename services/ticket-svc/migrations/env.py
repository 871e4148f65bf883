from deskstream_chassis.store.migrations import run
from ticket_svc.persistence.tables import metadata

run(metadata)
