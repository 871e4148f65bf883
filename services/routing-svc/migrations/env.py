from deskstream_chassis.store.migrations import run
from routing_svc.persistence.tables import metadata

run(metadata)
