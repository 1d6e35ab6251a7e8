#!/usr/bin/env bash
# A download captured on the web server, whose network card computes checksums and cuts segments: frames larger than the
# link, with checksums that were not yet computed.
source "$(dirname "$0")/network.sh"
need nginx curl gzip
network offload
web_server $SERVER
capture $SERVER "$WORK/download-offload.pcap" -i eth0 ip
on $CLIENT curl -s http://198.51.100.80/large -o /dev/null
end_capture
gzip -9nc "$WORK/download-offload.pcap" >"$SAMPLES/download-offload.pcap.gz"
