from deskstream_chassis.migrations import run
from gateway.persistence.tables import metadata

run(metadata)
