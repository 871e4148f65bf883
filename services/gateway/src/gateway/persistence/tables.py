"""The tables that are not views. The views are in views.py, as a set of them is built again and again."""

from sqlalchemy import MetaData

from deskstream_chassis.bus.parking import parked_table

metadata = MetaData()
parked = parked_table(metadata)
