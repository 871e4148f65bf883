from deskstream_chassis.migrations import run
from sla_svc.persistence.tables import metadata

run(metadata)
