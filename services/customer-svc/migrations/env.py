from customer_svc.persistence.tables import metadata
from deskstream_chassis.store.migrations import run

run(metadata)
