#!/usr/bin/env bash
# A download by TFTP, whose data come from another port; and a file that is not there. Captured on the router's inner side.
source "$(dirname "$0")/network.sh"
need in.tftpd tftp
network
mkdir -p "$WORK/tftp"
head -c 2000 /dev/zero | tr '\0' 't' >"$WORK/tftp/file"
chmod -R a+rX "$WORK"
start $SERVER in.tftpd -L --user root --secure --address 198.51.100.80:69 "$WORK/tftp"
wait_for_port $SERVER 69 udp
capture $ROUTER "$SAMPLES/tftp.pcap" -i lan ip
(cd "$WORK" && on $CLIENT tftp -m binary 198.51.100.80 -c get file && on $CLIENT tftp -m binary 198.51.100.80 -c get none) || true
end_capture
