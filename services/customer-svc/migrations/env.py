from customer_svc.persistence.tables import metadata
from deskstream_chassis.migrations import run

run(metadata)
