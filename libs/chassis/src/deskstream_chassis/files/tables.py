"""The tables of files that a service has which takes uploads, and how long what nobody claims is kept.

`files` are references: a name, and who brought it. Several may have one content (`file_contents`, known by its SHA-256), which is
`coming` while it is written, `whole`, or `unused` before it goes. What is not among the objects is in `file_chunks`.
"""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import UUID

from deskstream_chassis.store.kept import Kept


def define_file_tables(metadata: MetaData) -> None:
    """Adds them to a service's metadata."""
    Table(
        "file_contents",
        metadata,
        Column("id", UUID, primary_key=True),
        Column("state", Text, nullable=False),
        Column("in_objects", Boolean, nullable=False),
        Column("size", BigInteger),
        Column("sha256", Text),
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    Table(
        "file_chunks",
        metadata,
        Column("content_id", UUID, ForeignKey("file_contents.id", ondelete="CASCADE"), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("bytes", LargeBinary, nullable=False),
    )
    Table(
        "files",
        metadata,
        Column("id", UUID, primary_key=True),
        Column("content_id", UUID, ForeignKey("file_contents.id"), nullable=False),
        Column("name", Text, nullable=False),
        Column("media_type", Text, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("sha256", Text, nullable=False),
        Column("uploaded_by", Text, nullable=False),
        Column("uploaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("claimed_for", UUID),
    )


def kept_unclaimed(days: int) -> Kept:
    """Files that belong to nothing. Their content goes with the last of them, by the cleaner.

    A content that was taken for another file meanwhile has a newer `at`: this statement may not see that file yet.
    """
    unused = """UPDATE file_contents AS c SET state = 'unused' WHERE c.id IN (SELECT content_id FROM gone)
        AND c.state = 'whole' AND c.at < now() - interval '1 hour' AND NOT EXISTS (
            SELECT FROM files f WHERE f.content_id = c.id AND f.id NOT IN (SELECT id FROM gone))"""
    return Kept("files", "uploaded_at", days, "claimed_for IS NULL", columns=("id", "content_id"), then=unused)
