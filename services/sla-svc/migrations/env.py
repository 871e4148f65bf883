from deskstream_chassis.store.migrations import run
from sla_svc.persistence.tables import metadata

run(metadata)
