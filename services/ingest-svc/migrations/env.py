from deskstream_chassis.migrations import run
from ingest_svc.persistence.tables import metadata

run(metadata)
