#!/usr/bin/env bash
# ping and traceroute over IPv4 and IPv6, and what routers and hosts answer; captured on the asking host, as pcapng.
source "$(dirname "$0")/network.sh"
need ping traceroute editcap
network
capture $CLIENT "$WORK/ping.pcap" -i eth0 ip or ip6
on $CLIENT ping -qc2 -i0.2 198.51.100.80 >/dev/null
on $CLIENT ping -6 -qc2 -i0.2 2001:db8:2::80 >/dev/null
on $CLIENT traceroute -n -q1 -w1 -m4 198.51.100.80 >/dev/null
on $CLIENT traceroute -6 -n -q1 -w1 -m4 2001:db8:2::80 >/dev/null
# Nobody has this address: the router says so.
on $CLIENT ping -qc1 -W4 198.51.100.99 >/dev/null || true
# No route to that network.
on $CLIENT ping -qc1 -W1 203.0.113.9 >/dev/null || true
# And one echo from outside.
on $SERVER ping -qc1 -W1 192.0.2.10 >/dev/null
end_capture
editcap -F pcapng "$WORK/ping.pcap" "$SAMPLES/ping-traceroute.pcapng"
