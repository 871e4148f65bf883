from deskstream_chassis.store.migrations import run
from ingest_svc.persistence.tables import metadata

run(metadata)
