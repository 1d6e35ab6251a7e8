# The little network that the samples are made in: sourced by the scripts beside it.
#
#   client                      router                        server
#   eth0 192.0.2.10 ----- lan 192.0.2.1   wan 198.51.100.1 ----- eth0 198.51.100.80
#        2001:db8:1::10       2001:db8:1::1   2001:db8:2::1           2001:db8:2::80
#
# Three network namespaces of this machine, joined by veth pairs; nothing can leave them. The addresses are those
# that RFC 5737 and RFC 3849 keep for documentation, the link layer addresses are made up.

set -euo pipefail

CLIENT=ctreplay-client ROUTER=ctreplay-router SERVER=ctreplay-server
SAMPLES=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=$(mktemp -d)
CAPTURE_PID=

need() {
  local tool
  for tool in ip ethtool tcpdump "$@"; do
    command -v "$tool" >/dev/null || { echo "$0 needs $tool" >&2; exit 2; }
  done
  [ "$(id -u)" = 0 ] || { echo "$0 needs root for its namespaces" >&2; exit 2; }
}

on() { # on NAMESPACE COMMAND...
  local namespace=$1
  shift
  ip netns exec "$namespace" "$@"
}

# network [offload]: every checksum is computed by the sender, unless "offload": then the server leaves checksums and the
# cutting of segments to its network card.
network() {
  trap no_network EXIT
  local namespace
  for namespace in $CLIENT $ROUTER $SERVER; do
    ip netns add "$namespace"
    on "$namespace" ip link set lo up
    # No duplicate address detection and no router advertisements: the links are ready at once and quiet.
    on "$namespace" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
      net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
  done
  link $CLIENT eth0 02:00:00:00:02:10 $ROUTER lan 02:00:00:00:02:01
  link $SERVER eth0 02:00:00:00:51:80 $ROUTER wan 02:00:00:00:51:01 "${1-}"
  address $CLIENT eth0 192.0.2.10/24 2001:db8:1::10/64
  address $ROUTER lan 192.0.2.1/24 2001:db8:1::1/64
  address $ROUTER wan 198.51.100.1/24 2001:db8:2::1/64
  address $SERVER eth0 198.51.100.80/24 2001:db8:2::80/64
  on $CLIENT ip route add default via 192.0.2.1
  on $CLIENT ip -6 route add default via 2001:db8:1::1
  on $SERVER ip route add default via 198.51.100.1
  on $SERVER ip -6 route add default via 2001:db8:2::1
  on $ROUTER sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  # What the first packets would otherwise be: neighbour discovery.
  on $CLIENT ping -qc1 -W2 198.51.100.80 >/dev/null
  on $CLIENT ping -6 -qc1 -W2 2001:db8:2::80 >/dev/null
}

link() { # link NAMESPACE DEVICE MAC NAMESPACE DEVICE MAC [offload]
  ip link add "$2" address "$3" netns "$1" type veth peer name "$5" address "$6" netns "$4"
  if [ "${7-}" != offload ]; then
    on "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
    on "$4" ethtool -K "$5" tx off tso off gso off gro off >/dev/null
  fi
  on "$1" ip link set "$2" up
  on "$4" ip link set "$5" up
}

address() { # address NAMESPACE DEVICE ADDRESS...
  local namespace=$1 device=$2 each
  shift 2
  for each in "$@"; do on "$namespace" ip address add "$each" dev "$device"; done
}

no_network() {
  local namespace pid
  for namespace in $CLIENT $ROUTER $SERVER; do
    for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
    ip netns delete "$namespace" 2>/dev/null || true
  done
  rm -rf "$WORK"
}

# start NAMESPACE COMMAND...: a server in the background; ends with the network.
start() { on "$@" >"$WORK/server.log" 2>&1 & }

wait_for_port() { # wait_for_port NAMESPACE PORT [tcp|udp]
  local try
  for try in $(seq 50); do
    on "$1" ss -Hln"$([ "${3-tcp}" = udp ] && echo u || echo t)" "sport = :$2" | grep -q . && return
    sleep 0.1
  done
  echo "nothing listens on port $2 in $1:" >&2
  cat "$WORK/server.log" >&2
  return 1
}

# capture NAMESPACE FILE TCPDUMP-OPTIONS...: until end_capture.
capture() {
  local namespace=$1 file=$2 try
  shift 2
  ip netns exec "$namespace" tcpdump -Z root -U --immediate-mode -B 65536 -w "$file" "$@" 2>"$WORK/tcpdump.log" &
  CAPTURE_PID=$!
  for try in $(seq 50); do
    grep -q 'listening on' "$WORK/tcpdump.log" && return
    sleep 0.1
  done
  echo "tcpdump does not listen:" >&2
  cat "$WORK/tcpdump.log" >&2
  return 1
}

end_capture() {
  sleep "${1-0.5}"
  kill -INT "$CAPTURE_PID"
  wait "$CAPTURE_PID" || true
}

# An ssh server with keys of its own, that lets root in with $WORK/id.
ssh_server() { # ssh_server NAMESPACE
  mkdir -p /run/sshd
  [ -f "$WORK/id" ] || ssh-keygen -q -t ed25519 -N '' -C sample -f "$WORK/id"
  [ -f "$WORK/host" ] || ssh-keygen -q -t ed25519 -N '' -C sample -f "$WORK/host"
  cp "$WORK/id.pub" "$WORK/authorized_keys"
  start "$1" "$(command -v sshd)" -D -e -f /dev/null -h "$WORK/host" -o "AuthorizedKeysFile=$WORK/authorized_keys" \
    -o StrictModes=no -o PermitRootLogin=yes -o UsePAM=no -o DebianBanner=no -o PidFile=none
  wait_for_port "$1" 22
}

ssh_run() { # ssh_run NAMESPACE ADDRESS COMMAND
  on "$1" ssh -F /dev/null -i "$WORK/id" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
    "root@$2" "$3"
}

# A web server with /index.html (short) and /large (100 kB).
web_server() { # web_server NAMESPACE
  mkdir -p "$WORK/www"
  echo '<title>sample</title>' >"$WORK/www/index.html"
  head -c 100000 /dev/zero | tr '\0' 'x' >"$WORK/www/large"
  chmod -R a+rX "$WORK"
  cat >"$WORK/nginx.conf" <<CONF
daemon off; error_log stderr; pid $WORK/nginx.pid; user root;
events {}
http { access_log off; server_tokens off; server { listen 80; listen [::]:80; root $WORK/www; } }
CONF
  start "$1" nginx -c "$WORK/nginx.conf" -p "$WORK"
  wait_for_port "$1" 80
}
