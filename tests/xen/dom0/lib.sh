# SPDX-License-Identifier: Apache-2.0
# Words for scripts in dom0. A host is a network namespace with an interface of the guest in it: the backend's end, so that
# its TCP hands super-frames and unfinished checksums straight to the guest.
patience=120 # seconds, for what takes a moment

# check NAME COMMAND...: a line of TAP, and what the command said when it failed.
check() {
	local title=$1
	shift
	if "$@" >/run/said 2>&1; then
		echo "ok - $title"
	else
		echo "not ok - $title"
		sed 's/^/# /' /run/said
		return 1
	fi
}

# wait_for COMMAND...: until it succeeds.
wait_for() {
	local deadline=$(($(date +%s) + patience))
	until "$@"; do
		if [ "$(date +%s)" -gt $deadline ]; then
			echo "not within $patience seconds: $*"
			return 1
		fi
		usleep 200000
	done
}

# A process that sleeps holds the namespace; /run/hosts/NAME has its number.
add_host() {
	mkdir -p /run/hosts
	unshare --net sleep 100000 &
	echo $! >"/run/hosts/$1"
	wait_for is_elsewhere $!
	inside "$1" ip link set lo up
	inside "$1" sysctl -q -w net.ipv6.conf.default.accept_dad=0
}

is_elsewhere() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# inside HOST COMMAND...
inside() {
	local pid
	read -r pid <"/run/hosts/$1"
	shift
	nsenter --target "$pid" --net "$@"
}
# The guest's number. It changes when the guest is restored or starts again; scripts keep it in $me.
domain() {
	local me name
	for me in $(xenstore-list /local/domain); do
		name=$(xenstore-read "/local/domain/$me/name")
		[ "$name" != gateway ] || echo "$me"
	done
}

guest_log() {
	cat /var/log/xen/console/guest-gateway.log
}

ready() {
	[ "$(guest_log | grep -c READY)" -ge "$1" ]
}

# answers HOST ADDRESS: a ping, within a moment; then three in a row.
answers() {
	wait_for ping_once "$1" "$2" && inside "$1" ping -c 3 -i 0.2 -W 10 "$2"
}

ping_once() {
	inside "$1" ping -c 1 -W 1 "$2" >/dev/null 2>&1
}

# knock HOST ADDRESS PORT WANTED
knock() {
	local heard=$(inside "$1" /test/talk knock "$2" "$3")
	echo "$heard, not $4"
	[ "$heard" = "$4" ]
}

# The node of interface NUMBER's backend.
backend() {
	echo "/local/domain/0/backend/vif/$me/$1"
}

state() {
	xenstore-read "$(backend "$1")/state"
}

connected() {
	[ "$(state "$1" 2>/dev/null)" = 4 ]
}

# replug NUMBER: what udev and a hotplug script would do about a backend that has begun anew.
replug() {
	local vif=vif$me.$1
	wait_for ip link show "$vif" >/dev/null 2>&1
	vif=$vif XENBUS_PATH=$(backend "$1") sh /etc/xen/scripts/vif-bridge online
}

# A connection from lan to wan in the background: talk's number is in $live.
start_live() {
	local lan
	read -r lan </run/hosts/lan
	nsenter --target "$lan" --net /test/talk live 192.0.2.10 8080 /run/live 2>/run/live-said &
	live=$!
}

# live_moves: it goes on. After a gap, TCP tries again when as much time has passed once more.
live_moves() {
	local before=$(cat /run/live) patience=400
	wait_for live_beyond $((before + 2)) && kill -0 "$live"
}

live_beyond() {
	! kill -0 "$live" 2>/dev/null || [ "$(cat /run/live 2>/dev/null || echo 0)" -gt "$1" ]
}

end_live() {
	kill "$live" && wait "$live"
	local status=$?
	cat /run/live-said /run/live
	return $status
}

# number MAC: of the interface that has it.
number() {
	local node
	for node in $(xenstore-list "/local/domain/0/backend/vif/$me"); do
		[ "$(xenstore-read "$(backend "$node")/mac" 2>/dev/null)" != "$1" ] || echo "$node"
	done
}

# Everything of the guest's that Xen and xenstore keep: event channels, grants in use, nodes.
footprint() {
	echo "event channels: $(lsevtchn "$me" | wc -l)"
	xl dmesg -c >/dev/null
	xl debug-keys g
	echo "grants: $(xl dmesg | sed -n "/grant-table for remote d$me /,/grant-table for/p" | grep -c '^(XEN) \[0x')"
	echo "nodes: $( (xenstore-ls "/local/domain/$me"; xenstore-ls "/local/domain/0/backend/vif/$me") | wc -l)"
}

same() {
	echo "$1"
	echo "now $2"
	[ "$1" = "$2" ]
}

# Shut down in order: reason 0 of xl's list.
has_ended() {
	xl list -v gateway | grep -q -- '---s-- .* 0 '
}

# counters NAME: the appliance's memory that has them, read from here.
counters() {
	[ -z "$counters_address" ] || echo "data $1 $(/test/peek "$me" "$counters_address" "$counters_bytes" | base64 -w 0)"
}
