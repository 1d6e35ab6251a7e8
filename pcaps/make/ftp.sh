#!/usr/bin/env bash
# Downloads by passive (PASV, EPSV) and by active (PORT, EPRT) FTP, captured on the router's inner side.
source "$(dirname "$0")/network.sh"
need vsftpd curl
network
mkdir -p "$WORK/ftp" "$WORK/empty"
head -c 3000 /dev/zero | tr '\0' 'f' >"$WORK/ftp/file"
chmod -R a+rX "$WORK"
chmod a-w "$WORK/ftp"
cat >"$WORK/vsftpd.conf" <<CONF
listen=YES
background=NO
anonymous_enable=YES
anon_root=$WORK/ftp
secure_chroot_dir=$WORK/empty
ftpd_banner=sample
connect_from_port_20=YES
pasv_min_port=50000
pasv_max_port=50100
xferlog_enable=NO
seccomp_sandbox=NO
CONF
start $SERVER vsftpd "$WORK/vsftpd.conf"
wait_for_port $SERVER 21
capture $ROUTER "$SAMPLES/ftp-passive.pcap" --time-stamp-precision=nano -i lan ip
on $CLIENT curl -s --disable-epsv ftp://198.51.100.80/file -o /dev/null
on $CLIENT curl -s ftp://198.51.100.80/file -o /dev/null
end_capture
capture $ROUTER "$SAMPLES/ftp-active.pcap" -i lan ip
on $CLIENT curl -s --ftp-port - --disable-eprt ftp://198.51.100.80/file -o /dev/null
on $CLIENT curl -s --ftp-port - ftp://198.51.100.80/file -o /dev/null
end_capture
