"""Whom a peer is counted as."""

import pytest

from ingest_svc.doors.peers import counted_as


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/mail.sock", "/run/mail.sock"),
    ],
)
def test_an_ipv6_host_is_its_network_whatever_address_it_takes(peer: str, counted: str) -> None:
    assert counted_as(peer) == counted
