from deskstream_chassis.migrations import run
from notify_svc.persistence.tables import metadata

run(metadata)
