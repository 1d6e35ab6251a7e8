#!/usr/bin/env bash
# iperf3 with datagrams that do not fit the link: IP fragments; captured on the router's inner side, gzipped.
source "$(dirname "$0")/network.sh"
need iperf3 gzip
network
start $SERVER iperf3 -s -1
wait_for_port $SERVER 5201
capture $ROUTER "$WORK/udp-fragments.pcap" -i lan ip
on $CLIENT iperf3 -c 198.51.100.80 -u -l 4000 -b 2M -n 120K >/dev/null
end_capture
gzip -9nc "$WORK/udp-fragments.pcap" >"$SAMPLES/udp-fragments.pcap.gz"
