"""Rows of lists, as the columns of their view say."""

from gateway.domain.views import Column, View
from gateway.persistence.listing import Listing

VIEW = View(
    "things",
    "thing",
    (
        Column("id", "uuid", listed=True),
        Column("owner_id", "uuid", absent=None, listed="owner.id"),
        Column("owner_name", "text", absent=None, listed="owner.name"),
        Column("secret", "text"),
        Column("kind_name", "text", listed="kind"),
    ),
    beside=(Column("due_at", "timestamptz", absent=None, listed="due.at"),),
)


def test_a_list_selects_what_it_shows_and_nothing_else() -> None:
    assert Listing(VIEW).columns == "t.id, t.kind_name, t.owner_id, t.owner_name, t.due_at"


def test_what_belongs_together_stands_below_one_name_and_is_null_if_there_is_none() -> None:
    listing = Listing(VIEW)
    assert listing.row((7, "big", 3, None, "soon", ["keys"])) == {
        "id": 7,
        "kind": "big",
        "owner": {"id": 3, "name": None},
        "due": {"at": "soon"},
    }
    assert listing.row((7, "big", None, "of before", None, [])) == {"id": 7, "kind": "big", "owner": None, "due": None}
