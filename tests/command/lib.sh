# SPDX-License-Identifier: Apache-2.0
#
# Shared by the tests of the host command: TAP, a folder that is removed at the end, and the stand-ins of fake/.
set -u
tests=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$tests/../.." && pwd)
weir=${WEIR:-$root/build/weir}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
count=0
failures=0

# The stand-in for QEMU must know how many drop reasons there are: they come before the ports' counters.
FAKE_REASONS=$(grep -c '^	X(' "$root/nf/reasons.h")
export FAKE_REASONS
unset FAKE

pass() {
	count=$((count + 1))
	echo "ok $count - $1"
}

fail() { # name, then lines that say why
	count=$((count + 1))
	failures=$((failures + 1))
	echo "not ok $count - $1"
	shift
	printf '%s\n' "$@" | sed 's/^/# /'
}

skip() { # name, reason
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

check() { # name, command...: passes if the command succeeds
	name=$1
	shift
	if said=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "$* failed:" "$said"
	fi
}

# One row: name, exit status, text that must appear in what is said (grep -E), command... within $LIMIT seconds
row() {
	name=$1 status=$2 text=$3
	shift 3
	said=$(timeout "${LIMIT:-60}" "$@" 2>&1 </dev/null)
	got=$?
	if [ "$got" != "$status" ]; then
		fail "$name" "exit status $got instead of $status from: $*" "$said"
	elif ! printf '%s\n' "$said" | grep -qE -- "$text"; then
		fail "$name" "this does not match '$text':" "$said"
	else
		pass "$name"
	fi
}

# As row, and what is said on standard error is a single line.
one_line() {
	row "$@"
	name=$1
	shift 3
	lines=$(timeout 60 "$@" 2>&1 >/dev/null </dev/null | wc -l)
	[ "$lines" = 1 ] && pass "$name, in one line" || fail "$name, in one line" "it took $lines lines"
}

make_fake_image() {
	gcc -static -no-pie -O1 -I"$root" -o "$work/fake.elf" "$tests/fake/image.c" || exit 1
}

finish() {
	echo "1..$count"
	[ "$failures" = 0 ]
}
