from deskstream_chassis.store.migrations import run
from notify_svc.persistence.tables import metadata

run(metadata)
