from deskstream_chassis.migrations import run
from routing_svc.persistence.tables import metadata

run(metadata)
