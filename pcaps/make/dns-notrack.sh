#!/usr/bin/env bash
# A name server at work, over UDP and TCP, captured on the server: cooked (SLL2), nanoseconds.
source "$(dirname "$0")/network.sh"
need dnsmasq dig
network
start $SERVER dnsmasq --keep-in-foreground --no-resolv --no-hosts --conf-file=/dev/null --user=root --pid-file= \
  --listen-address=198.51.100.80 --bind-interfaces --address=/www.example.com/203.0.113.5 \
  --mx-host=example.com,mail.example.com --address=/mail.example.com/203.0.113.25
wait_for_port $SERVER 53 udp
capture $SERVER "$SAMPLES/dns-notrack.pcap" --time-stamp-precision=nano -i any ip and not host 127.0.0.1
for name in www.example.com mail.example.com nowhere.example.org; do
  on $CLIENT dig +tries=1 +time=1 @198.51.100.80 "$name" >/dev/null || true
done
on $CLIENT dig +tcp +tries=1 +time=1 @198.51.100.80 example.com MX >/dev/null
end_capture
