/* SPDX-License-Identifier: Apache-2.0
 *
 * Help that teaches by example: what a person would type, and what then happens.
 */
#include "command.h"

#include <string.h>

static const char overview[] =
    "Weir turns one YAML file into one network appliance: a small image that boots as a VM by itself.\n"
    "\n"
    "  weir check gateway.yaml               is it right? draws what packets will pass through\n"
    "  weir build gateway.yaml               makes gateway.elf\n"
    "  weir replay gateway.elf --in lan=morning.pcap --out wan=left.pcap\n"
    "                                        boots it, feeds it a capture, shows what became of it\n"
    "  weir run gateway.elf --tap lan=tap0 --tap wan=tap1\n"
    "                                        boots it between real networks, shows live counters\n"
    "  weir flows gateway.elf                lists the connections of one that runs\n"
    "  weir tunnels gateway.elf              shows its tunnels and their peers, as `wg show` does\n"
    "  weir bench gateway.elf --replay morning.pcap\n"
    "                                        how fast does it forward that?\n"
    "  weir peer gateway.yaml wg0 phone --qr makes a peer of a tunnel, and a QR code for its app\n"
    "  weir key wg0.key                      makes a tunnel's private key\n"
    "\n"
    "weir COMMAND --help says more about one of them; weir --version says which Weir this is.\n"
    "Exit status: 0 done, 1 the work failed, 2 wrong use.\n";

static const char check[] = "weir check CONFIG\n"
			    "\n"
			    "Reads a configuration and says all that is wrong with it, with line and column. "
			    "If nothing is, it draws the\n"
			    "ports, the chain, the rules and the routes. It builds nothing.\n"
			    "\n"
			    "  weir check gateway.yaml\n"
			    "  weir check - < gateway.yaml           reads standard input\n";

static const char build[] =
    "weir build CONFIG [-o IMAGE]\n"
    "\n"
    "Compiles a configuration into an image: one ELF file that QEMU boots (microvm and q35, by PVH) and "
    "Linux runs as a\n"
    "process. It also has the 64-bit Linux boot protocol's entry, which is tested with a loader of Weir's "
    "own "
    "only; Xen's\n"
    "network devices come later. Nothing is booted.\n"
    "\n"
    "Beside it: IMAGE.debug, the same with symbols, which gdb and perf find by themselves, and IMAGE.c, what "
    "the\n"
    "configuration was compiled to. An image with tunnels has their keys in it: it and IMAGE.debug get mode "
    "0600.\n"
    "\n"
    "  weir build gateway.yaml               makes gateway.elf\n"
    "  weir build gateway.yaml -o /srv/gw    makes /srv/gw\n"
    "\n"
    "  -o, --output IMAGE    where the image goes\n";

static const char run[] =
    "weir run IMAGE [--tap PORT=IF ...] [--for SECONDS] [--json | --print]\n"
    "\n"
    "Boots an image here and shows its counters once a second until Ctrl-C. IMAGE may be a configuration "
    "(.yaml): it\n"
    "is built first. Ports without a tap have nobody at the other end; as a process, one at least needs a "
    "tap.\n"
    "\n"
    "  sudo ip tuntap add dev tap0 mode tap user $USER && sudo ip link set tap0 up\n"
    "  weir run gateway.elf --tap lan=tap0\n"
    "  weir run gateway.elf --tap lan=tap0 --for 10 --json      an object a second, for ten seconds\n"
    "  weir run --print gateway.elf --tap lan=tap0               QEMU's command line, for systemd and the "
    "like\n"
    "\n"
    "      --tap PORT=IF       connects a port to a tap interface of this machine\n"
    "      --for SECONDS       ends by itself\n"
    "      --accel WHICH       kvm, tcg or process; left out: kvm where it works, else tcg\n"
    "      --machine WHICH     microvm (default: boots fastest; 24 ports) or q35 (PCI; 30 ports)\n"
    "      --ring WHICH        split (default) or packed virtio rings\n"
    "      --seed HEX          same seed, same random numbers; never for production\n"
    "      --json              counters as JSON, one object a line\n"
    "      --socket PATH       where `weir flows` and `weir tunnels` find this run; left out: IMAGE.sock\n"
    "      --print             boots nothing: prints the command line, quoted for a shell\n";

static const char replay[] =
    "weir replay IMAGE --in PORT=A.pcap ... --out PORT=B.pcap ... [--json]\n"
    "\n"
    "Boots an image, feeds captures to its ports by their time stamps, writes what leaves each port to a "
    "capture, and\n"
    "shows the counters. Needs no root. The same image, captures and seed give the same bytes, in a VM and "
    "as a\n"
    "process. Captures may be pcap or pcapng, of Ethernet. IMAGE may be a configuration (.yaml): it is built "
    "first.\n"
    "\n"
    "  weir replay gateway.elf --in lan=lan.pcap --in wan=wan.pcap --out lan=to-lan.pcap --out "
    "wan=to-wan.pcap\n"
    "  weir replay gateway.elf --in wan=attack.pcapng            what would the rules do with this?\n"
    "  weir replay gateway.elf --in lan=lan.pcap --accel process --json\n"
    "\n"
    "      --in PORT=FILE      a capture that arrives on a port\n"
    "      --out PORT=FILE     where to write what leaves a port; left out: only counted\n"
    "      --accel WHICH       kvm, tcg or process; left out: kvm where it works, else tcg\n"
    "      --machine WHICH     microvm (default: boots fastest; 24 ports) or q35 (PCI; 30 ports)\n"
    "      --ring WHICH        split (default) or packed virtio rings\n"
    "      --seed HEX          seed of the image's random numbers, up to 16 digits; default 0\n"
    "      --timeout SECONDS   give up when nothing has moved for so long; default 30\n"
    "      --console           show the image's console\n"
    "      --flows             lists the flows that are left at the end\n"
    "      --json              the report as JSON\n";

static const char flows[] =
    "weir flows IMAGE [--top N] [--json]\n"
    "\n"
    "Lists the connections of an image that `weir run` runs: IMAGE, or the socket that `weir run` was told. "
    "Each has "
    "its\n"
    "packets in both directions, what it leaves as where it is translated, its age, how long it stays "
    "without packets, "
    "and\n"
    "the rule that accepted it.\n"
    "\n"
    "  weir flows gateway.elf --top 20                    those that carried most\n"
    "  weir flows gateway.elf --address 10.0.0.0/24 --proto tcp --state established\n"
    "  weir flows gateway.elf --port 443 --sort age --json\n"
    "\n"
    "      --proto WHICH       a protocol, by name or number\n"
    "      --address PREFIX    an end, before or after translation\n"
    "      --port N            a port of either end\n"
    "      --state NAME        new, established, syn-sent, fin-wait, time-wait, closed, ...\n"
    "      --sort WHICH        bytes (default), packets, age or idle\n"
    "      --top N             only so many\n"
    "      --json              as JSON, with the table's counters\n";

static const char tunnels[] =
    "weir tunnels IMAGE [TUNNEL] [--json]\n"
    "\n"
    "Shows the WireGuard tunnels of an image that `weir run` runs: IMAGE, or the socket that `weir run` was "
    "told. Each\n"
    "with its peers, in the words of `wg show`: endpoint, allowed IPs, latest handshake, transfer; the "
    "latest "
    "handshake\n"
    "comes first. Neither private nor preshared keys are shown.\n"
    "\n"
    "  weir tunnels gateway.elf              all tunnels\n"
    "  weir tunnels gateway.elf wg0          one of them\n"
    "  weir tunnels gateway.elf --json       `last_handshake` in seconds since 1970, 0 for never; bytes as "
    "numbers\n"
    "\n"
    "      --json              as JSON, with the counts of handshake messages\n";

static const char peer[] =
    "weir peer CONFIG TUNNEL NAME [--endpoint HOST:PORT] [--allowed NETWORK ...] [--dns ADDRESS] [--qr]\n"
    "\n"
    "Makes a new peer of a tunnel: a pair of keys, a preshared key, and the next free address of each "
    "family. "
    "Writes, beside\n"
    "the configuration and readable by you alone, NAME.conf for the peer (wg-quick and WireGuard's apps take "
    "it) and\n"
    "NAME.psk, and prints the line to add under `peers`. For a tunnel that is a wg-quick file, NAME.peer is "
    "the section to\n"
    "append to it. Files that exist are never overwritten.\n"
    "\n"
    "  weir peer gateway.yaml wg0 phone --endpoint vpn.example.com:51820 --qr\n"
    "  weir peer gateway.yaml wg0 branch --allowed 10.0.0.0/24 --allowed 10.8.0.0/24\n"
    "\n"
    "      --endpoint HOST:PORT  where the peer finds the appliance; left out: the address of the port with "
    "a "
    "gateway\n"
    "      --allowed NETWORK     what the peer sends into the tunnel; left out: everything\n"
    "      --dns ADDRESS         the DNS server that the peer asks\n"
    "      --qr                  draws the file as a QR code; it shows the private key to who sees it\n";

static const char key[] =
    "weir key FILE\n"
    "\n"
    "Makes a private key, writes it to a new file that only you can read, and prints its "
    "public key; as\n"
    "`wg genkey` and `wg pubkey` do. `private-key: FILE` in a configuration names it.\n"
    "\n"
    "  weir key wg0.key\n";

static const char bench[] =
    "weir bench IMAGE --replay FILE.pcap [--timing fast|capture] [--json]\n"
    "\n"
    "Boots an image between the two sides of a traffic generator, sends a capture at it, and says how much "
    "was\n"
    "forwarded, what a packet cost, and what became of the others. Needs no root, but build/generator: make "
    "generator.\n"
    "\n"
    "A capture arrives on the image's first port, or on the one that --in says; those of two ports in the "
    "order of\n"
    "their clocks. Its frames get the port's MAC address as their destination (groups stay), and one of the "
    "generator's\n"
    "as their source; the generator is whatever next hop the image asks for. All else stays as it was "
    "captured: the\n"
    "image's networks and rules must fit the addresses.\n"
    "\n"
    "As fast as the image takes it, a capture is sent again and again, for a second at least. An image that "
    "tracks\n"
    "connections sees their packets again, then (not with --loops 1). Of both directions, a packet waits "
    "until the one\n"
    "before it of the same connection has come back; where NAT changes addresses, connections are not known "
    "again, and\n"
    "an answer may overtake its question: --timing capture and --speed are better for such. Each repeat "
    "boots anew.\n"
    "bits/s are those on a wire, with FCS, preamble and gap; forwarded ones include ICMP errors and resets "
    "of the\n"
    "image's own. By the capture's clock, latency is that of packets that come back with nothing changed "
    "but\n"
    "addresses, ports, TTL, checksums and TCP options, and that have no twin in the capture.\n"
    "\n"
    "  weir bench gateway.elf --replay morning.pcap                    as fast as it goes\n"
    "  weir bench gateway.elf --replay morning.pcap --speed 10         ten times as fast as it was\n"
    "  weir bench gateway.elf --in lan=out.pcap --in wan=back.pcap --timing capture\n"
    "\n"
    "      --replay FILE       a capture that arrives on the first port\n"
    "      --in PORT=FILE      a capture that arrives on a port; two ports at most\n"
    "      --out PORT          the generator's other side; left out: the first port that is free. Further "
    "ones "
    "have\n"
    "                          nobody at the other end\n"
    "      --timing WHICH      fast (default: as fast as the image takes it) or capture (by its own clock, "
    "once)\n"
    "      --speed X           by its own clock, X times as fast\n"
    "      --seconds S         again and again until S seconds are over\n"
    "      --loops N           N times\n"
    "      --repeat N          how many measurements; default 3\n"
    "      --accel WHICH       kvm or tcg; left out: kvm where it works, else tcg\n"
    "      --machine WHICH     microvm (default: boots fastest; 24 ports) or q35 (PCI; 30 ports)\n"
    "      --ring WHICH        split (default) or packed virtio rings\n"
    "      --seed HEX          same seed, same random numbers, such as NAT's ports\n"
    "      --json              the results as JSON\n";

static const struct {
	const char *topic, *text;
} topics[] = {{"check", check},	    {"build", build}, {"run", run},   {"replay", replay}, {"flows", flows},
	      {"tunnels", tunnels}, {"bench", bench}, {"peer", peer}, {"key", key}};

const char *help_text(const char *topic)
{
	if (!topic)
		return overview;
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		if (strcmp(topic, topics[i].topic) == 0)
			return topics[i].text;
	return NULL;
}

int show_help(const char *topic)
{
	fputs(help_text(topic), stdout);
	return STATUS_DONE;
}
