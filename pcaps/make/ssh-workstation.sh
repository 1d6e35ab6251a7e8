#!/usr/bin/env bash
# ssh out of a workstation, then ssh in to it from the same peer, captured on the workstation.
source "$(dirname "$0")/network.sh"
need ssh sshd
network
ssh_server $SERVER
ssh_server $CLIENT
capture $CLIENT "$SAMPLES/ssh-workstation.pcap" -i eth0 ip
ssh_run $CLIENT 198.51.100.80 'echo out'
ssh_run $SERVER 192.0.2.10 'echo in'
end_capture
