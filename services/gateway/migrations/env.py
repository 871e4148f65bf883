from deskstream_chassis.store.migrations import run
from gateway.persistence.tables import metadata

run(metadata)
