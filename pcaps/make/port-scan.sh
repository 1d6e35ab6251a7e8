#!/usr/bin/env bash
# nmap's SYN, NULL, FIN, Xmas and UDP scans of a few ports, captured on the router's inner side; stored gzipped.
source "$(dirname "$0")/network.sh"
need nmap nginx gzip
network
web_server $SERVER
capture $ROUTER "$WORK/port-scan.pcap" -i lan ip
for scan in -sS -sN -sF -sX; do
  on $CLIENT nmap -n -Pn $scan -p 22,80,443,8080-8083 --max-retries 1 --host-timeout 20s 198.51.100.80 >/dev/null
done
on $CLIENT nmap -n -Pn -sU -p 53,123,161 --max-retries 0 --host-timeout 20s 198.51.100.80 >/dev/null
end_capture
gzip -9nc "$WORK/port-scan.pcap" >"$SAMPLES/port-scan.pcap.gz"
