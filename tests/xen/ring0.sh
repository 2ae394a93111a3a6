# SPDX-License-Identifier: Apache-2.0
# In dom0, for test_ring0: starts a guest for each line of /guest/rows, which is NAME KERNEL STATE OPTIONS|COMMAND LINE, and
# tells how it ended and what it said. STATE is what `xl list` must show; then comes what it shows.
log() {
	echo /var/log/xen/console/guest-$1.log
}

configure() { # name, kernel, options, command line
	cat >/run/$1.cfg <<-END
		name = "$1"
		type = "pvh"
		kernel = "/guest/$2"
		memory = 32
		on_poweroff = "preserve"
		on_crash = "preserve"
		on_reboot = "preserve"
		cmdline = "$4"
		$(echo "$3" | tr ';' '\n')
	END
	xl create -q /run/$1.cfg
}

state() { # of a domain: its letters, and the reason it gave
	xl list -v "$1" | awk 'NR == 2 { print $5, $8 }'
}

# until N COMMAND...: tries for so many seconds.
until_so() {
	local tries=$(($1 * 5))
	shift
	while [ $tries -gt 0 ] && ! "$@"; do
		usleep 200000
		tries=$((tries - 1))
	done
}

ended() {
	case $(state "$1") in *s*) true ;; *) false ;; esac
}

said() { # name, word, how often
	[ "$(grep -c "^$2" "$(log "$1")")" -ge "$3" ]
}

tell() {
	until_so 60 ended "$1"
	sync
	echo "== $1: $(state "$1")"
	cat "$(log "$1")"
	xl destroy "$1"
}

while IFS='|' read -r name kernel options line; do
	[ "$name" != deaf ] || kill -STOP "$(pidof xenconsoled)"
	configure "$name" "$kernel" "$options" "$line"
	if [ "$name" = deaf ]; then
		until_so 60 ended deaf
		kill -CONT "$(pidof xenconsoled)"
	fi
	if [ "$name" = suspend ]; then
		until_so 60 said suspend ready 1
		xl save suspend /run/saved >/dev/null 2>&1 && xl restore /run/saved >/dev/null 2>&1
		rm /run/saved
		until_so 60 said suspend ready 2
		xl save -c suspend /run/saved >/dev/null 2>&1
	fi
	tell "$name"
done </guest/rows
echo "== end"
