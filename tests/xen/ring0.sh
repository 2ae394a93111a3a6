# SPDX-License-Identifier: Apache-2.0
# In dom0, for test_ring0: starts a guest for each line of /guest/rows, which is NAME|KERNEL|OPTIONS OF XL|COMMAND LINE, and
# tells what `xl list` says of how it ended, and what it wrote to its console.
log() {
	echo /var/log/xen/console/guest-$1.log
}

quietly() { # tells what a command said only if it fails
	"$@" >/run/told 2>&1 || { tail -n 20 /run/told; false; }
}

# vcpus, though it is the default: without it, libxl makes the restored domain's pool for page tables too small.
configure() { # name, kernel, options, command line
	cat >/run/$1.cfg <<-END
		name = "$1"
		type = "pvh"
		kernel = "/guest/$2"
		memory = 32
		vcpus = 1
		on_poweroff = "preserve"
		on_crash = "preserve"
		on_reboot = "preserve"
		cmdline = "$4"
		$(echo "$3" | tr ';' '\n')
	END
	# On a host that is very busy, what libxl waits for may come too late for it.
	quietly xl create -q -p /run/$1.cfg || quietly xl create -q -p /run/$1.cfg
}

state() { # of a domain: its letters, and the reason it gave
	xl list -v "$1" 2>/dev/null | awk 'NR == 2 { print $5, $8 }'
}

# until N COMMAND...: tries for so many seconds.
until_so() {
	local tries=$(($1 * 2))
	shift
	while [ $tries -gt 0 ] && ! "$@"; do
		usleep 500000
		tries=$((tries - 1))
	done
}

ended() {
	case $(state "$1") in *s* | "") true ;; *) false ;; esac
}

said() { # name, word, how often
	[ "$(grep -c "^$2" "$(log "$1")")" -ge "$3" ]
}

tell() {
	until_so 60 ended "$1"
	sync
	printf "\n== %s: %s\n" "$1" "$(state "$1")"
	cat "$(log "$1")"
	xl destroy "$1"
}

# A guest that writes to its console, which nobody reads.
run_deaf() {
	kill -STOP "$(pidof xenconsoled)"
	xl unpause deaf
	until_so 60 ended deaf
	kill -CONT "$(pidof xenconsoled)"
}

# Saved and restored, which makes another domain of it; then saved while it goes on.
run_suspend() {
	xl unpause suspend
	until_so 60 said suspend ready 1
	quietly xl save suspend /run/saved && quietly xl restore /run/saved
	rm /run/saved
	until_so 60 said suspend ready 2
	quietly xl save -c suspend /run/saved
}

while IFS='|' read -r name kernel options line <&3; do
	configure "$name" "$kernel" "$options" "$line" || continue
	case $name in
	deaf | suspend) run_$name ;;
	*) xl unpause "$name" ;;
	esac
	tell "$name"
done 3</guest/rows
printf "\n== end\n"
