#!/usr/bin/env bash
# http and ssh served, a closed port asked for, and the server itself calling out; captured on the server, cooked (SLL).
source "$(dirname "$0")/network.sh"
need ssh sshd nginx curl
network
web_server $SERVER
ssh_server $SERVER
capture $SERVER "$SAMPLES/web-server.pcap" -i any -y LINUX_SLL ip and not host 127.0.0.1
on $CLIENT curl -s http://198.51.100.80/ http://198.51.100.80/none -o /dev/null -o /dev/null
ssh_run $CLIENT 198.51.100.80 true
on $CLIENT curl -s -m2 http://198.51.100.80:8080/ || true
on $SERVER curl -s -m2 http://192.0.2.10/update || true
on $SERVER ping -qc2 -i0.2 192.0.2.10 >/dev/null
end_capture
