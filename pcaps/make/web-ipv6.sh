#!/usr/bin/env bash
# A web page over IPv6, and a port that the rules do not open; captured on the router's inner side.
source "$(dirname "$0")/network.sh"
need nginx curl
network
web_server $SERVER
capture $ROUTER "$SAMPLES/web-ipv6.pcap" -i lan ip6
on $CLIENT curl -s 'http://[2001:db8:2::80]/' -o /dev/null
on $CLIENT curl -s -m2 'http://[2001:db8:2::80]:8080/' || true
on $SERVER curl -s -m2 'http://[2001:db8:1::10]/' || true
end_capture
